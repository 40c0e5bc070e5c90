"""The vectors of pushed rows, which are searched apart from those of the snapshot under them."""

from collections.abc import Sequence

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey

from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.rows import older_than_ttl
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.search.scan import VectorScan, refuse_dim


class PushedVectors:
    """Searches the rows that were pushed over a snapshot.

    Args:
        view: the view.
        rows: the pushed rows.
        query: the search that the vectors are read for, which names the feature and the metric.

    Attributes:
        keys: the keys of all rows, those without a vector too: what the snapshot has of them is not online.

    Raises:
        CompatibilityError: when a row's vector has another dimension than the query.
    """

    def __init__(self, view: FeatureView, rows: Sequence[Row], query: VectorQuery) -> None:
        self.keys: list[Key] = [row.key for row in rows]
        where = f"{query.field.name} of view {view.name}"
        vectors = [(row, _vector(row, query.field.name)) for row in sorted(rows, key=lambda row: row.key)]
        held = [(row, vector) for row, vector in vectors if vector is not None]
        refuse_dim(len(query.vector), {len(vector) for _, vector in held}, where)
        self._rows = [row for row, _ in held]
        self._events = np.array([row.stamp[0] for row in self._rows], np.int64)
        matrix = np.array([vector for _, vector in held]).reshape(len(held), len(query.vector))
        self._scan = VectorScan(matrix, query.metric, where)

    def best(self, view: FeatureView, query: VectorQuery, count: int, now: int) -> list[EntityKey]:
        """Return the ``count`` entities nearest to a query, without those older than the view's ttl."""
        expired = np.flatnonzero(older_than_ttl(self._events, view, now))
        return [self._rows[i].entity for i in self._scan.best(query, count, expired)]


def _vector(row: Row, name: str) -> np.ndarray | None:
    """Return the row's vector; None where it has none."""
    value = row.values.get(name)
    slot = value.WhichOneof("val") if value is not None else None
    return None if slot is None else np.asarray(getattr(value, slot).val)
