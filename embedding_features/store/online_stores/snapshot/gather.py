"""Rows for ids: the snapshot's, with pushed ones over them."""

from collections.abc import Sequence

import numpy as np
from feast import FeatureView

from embedding_features.store.online_stores.merged import merged
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.snapshot.served import Served
from embedding_features.store.online_stores.values import Values


def rows_of(served: Served, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
    """Gather the rows of ids.

    Args:
        now: microseconds since 1970, to tell what is older than the view's ttl.
    """
    generation, delta = served.generation, served.delta
    rows = generation.index.find(ids) if generation else np.full(len(ids), -1)
    pushed = delta.find(ids.tolist()) if len(delta) else {}

    def take(name: str) -> Values | None:
        column = generation.column(name) if generation else None
        return column.take(np.maximum(rows, 0)) if column else None

    moment = generation.stamp[0] if generation else 0
    return merged(view, features, now, missing=rows < 0, moment=moment, pushed=pushed, take=take)
