"""Rows for ids: the snapshot's, with pushed ones over them."""

from collections.abc import Sequence

import numpy as np
from feast import FeatureView

from embedding_features.store.online_stores.merged import merged
from embedding_features.store.online_stores.pushed import Key
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.snapshot.folder import Served
from embedding_features.store.online_stores.values import Values


def rows_of(served: Served, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
    """Gather the rows of ids.

    Args:
        now: microseconds since 1970, to tell what is older than the view's ttl.
    """
    generation = served.generation
    rows = generation.index.find(ids) if generation else np.full(len(ids), -1)
    keys: list[Key] = ids.tolist() if served.rows else []
    pushed = {i: served.rows[key] for i, key in enumerate(keys) if key in served.rows}

    def take(name: str) -> Values | None:
        column = generation.columns.get(name) if generation and generation.entities else None
        return None if column is None else column.take(np.maximum(rows, 0))

    moment = generation.stamp[0] if generation else 0
    return merged(view, features, now, missing=rows < 0, moment=moment, pushed=pushed, take=take)
