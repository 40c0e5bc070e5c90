"""Rows of a snapshot with pushed ones over them, true to ttl."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from feast import FeatureView

from embedding_features.store.online_stores.layout import lacks
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.rows import Rows, outside
from embedding_features.store.online_stores.values import Values, from_proto, overlaid


def merged(
    view: FeatureView,
    features: Sequence[str],
    now: int,
    *,
    missing: np.ndarray,
    moment: int,
    pushed: Mapping[int, Row],
    take: Callable[[str], Values | None],
) -> Rows:
    """Put the answer to a read together.

    Args:
        now: microseconds since 1970, to tell what is older than the view's ttl.
        missing: [n] bool: not in the snapshot; changed in place.
        moment: the snapshot's event time.
        pushed: place in the answer → row.
        take: the snapshot's values [n] of a feature, anything where missing; None where it has none.

    Raises:
        StoreError: when a row lacks a feature, which the view has gained since.
    """
    where, some = f"view {view.name}", not missing.all()
    event = np.where(missing, 0, moment)
    for i, row in pushed.items():
        missing[i], event[i] = False, row.stamp[0]
    expired = outside(event, view.ttl, now) & ~missing
    gone = missing | expired
    shown = [i for i in pushed if not expired[i]]
    picked = [pushed[i].pick(features, where) for i in shown]
    arrays: dict[str, Values] = {}
    for name in features:
        values = [from_proto(row[name]) for row in picked]
        taken = take(name)
        if taken is None and some:
            raise lacks(where, [name])
        if taken is None:
            arrays[name] = _without_snapshot(values, shown, gone)
        else:
            arrays[name] = overlaid(taken, shown, values, gone) if shown or gone.any() else taken
    return Rows(~gone, expired, event, arrays)


def _without_snapshot(values: list[object], places: list[int], gone: np.ndarray) -> Values:
    items: list[object] = [None] * len(gone)
    for place, item in zip(places, values, strict=True):
        items[place] = item
    return pa.array(items)
