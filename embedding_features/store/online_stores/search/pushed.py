"""Pushed rows as vectors to be searched, and as what hides a snapshot's rows of the same entities."""

from collections.abc import Sequence

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey

from embedding_features.store.online_stores.layout import ttl_of
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.search.shelf import Shelf, refuse_dim


class PushedVectors:
    """The rows pushed over a snapshot.

    Attributes:
        keys: of all of them: what a snapshot has of these is not online.
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
        self._shelf = Shelf(matrix, query.metric, where)

    def best(self, view: FeatureView, query: VectorQuery, count: int, now: int) -> list[EntityKey]:
        """The entities nearest to a query, those after ttl left out."""
        expired = np.flatnonzero(outside(self._events, ttl_of(view), now))
        return [self._rows[i].entity for i in self._shelf.best(query, count, expired)]


def _vector(row: Row, name: str) -> np.ndarray | None:
    """The row's vector; None where it has none."""
    value = row.values.get(name)
    slot = value.WhichOneof("val") if value is not None else None
    return None if slot is None else np.asarray(getattr(value, slot).val)
