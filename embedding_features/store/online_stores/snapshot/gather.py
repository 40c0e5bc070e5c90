"""Rows for ids: the snapshot's, with pushed ones over them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from feast import FeatureView

from embedding_features.store.online_stores.rows import Rows, outside
from embedding_features.store.online_stores.snapshot.delta import Key
from embedding_features.store.online_stores.snapshot.folder import Served
from embedding_features.store.online_stores.values import Values, from_proto, overlaid


def rows_of(served: Served, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
    """Gather the rows of ids.

    Args:
        now: microseconds since 1970, to tell what is older than the view's ttl.
    """
    generation, event = served.generation, np.zeros(len(ids), np.int64)
    rows = generation.index.find(ids) if generation else np.full(len(ids), -1)
    missing = rows < 0
    if generation:
        event[~missing] = generation.stamp[0]
    keys: list[Key] = ids.tolist() if served.rows else []
    pushed = {i: served.rows[key] for i, key in enumerate(keys) if key in served.rows}
    for i, row in pushed.items():
        missing[i], event[i] = False, row.stamp[0]
    expired = outside(event, view.ttl, now) & ~missing
    gone = missing | expired
    shown = [i for i in pushed if not expired[i]]
    arrays: dict[str, Values] = {}
    for name in features:
        values = [from_proto(pushed[i].values[name]) for i in shown]
        column = generation.columns.get(name) if generation and generation.entities else None
        if column is None:
            arrays[name] = _without_snapshot(values, shown, gone)
            continue
        taken = column.take(np.maximum(rows, 0))
        arrays[name] = overlaid(taken, shown, values, gone) if shown or gone.any() else taken
    return Rows(~gone, expired, event, arrays)


def _without_snapshot(values: list[object], places: list[int], gone: np.ndarray) -> Values:
    items: list[object] = [None] * len(gone)
    for place, item in zip(places, values, strict=True):
        items[place] = item
    return pa.array(items)
