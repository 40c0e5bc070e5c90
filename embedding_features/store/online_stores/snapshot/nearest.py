"""The entities of a view version nearest to a query: the snapshot's, and those pushed over it."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.store.online_stores.key_types import key_type
from embedding_features.store.online_stores.layout import ttl_of
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.search.pushed import PushedVectors
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.search.shelf import Shelf, matrix_of
from embedding_features.store.online_stores.snapshot.delta import Delta
from embedding_features.store.online_stores.snapshot.generation import Generation
from embedding_features.store.online_stores.snapshot.served import Served


class GenerationVectors:
    """A generation's vectors in the order of ids, equally near ones so too."""

    def __init__(self, view: FeatureView, generation: Generation, query: VectorQuery) -> None:
        where = f"{query.field.name} of view {view.name}"
        column = generation.column(query.field.name)
        self._ids, rows = generation.index.ids()
        if column is None:  # the view has gained the feature since: the snapshot has no vectors to find
            self._ids, rows = self._ids[:0], rows[:0]
        vectors = column.take(rows) if column else np.empty((0, len(query.vector)), np.float32)
        self._shelf = Shelf(matrix_of(vectors, query, where), query.metric, where)
        self._place = np.empty(int(rows.max(initial=-1)) + 1, np.int64)
        self._place[rows] = np.arange(len(rows))
        self._slot = f"{key_type(view.entity_columns[0]).name.lower()}_val"
        self._name = view.entity_columns[0].name

    def best(
        self, query: VectorQuery, count: int, generation: Generation, pushed: PushedVectors
    ) -> list[EntityKey]:
        """The entities nearest to a query, the pushed ones left out."""
        _, rows = generation.find(pushed.keys)
        hidden = rows[(rows >= 0) & (rows < len(self._place))]
        found = self._shelf.best(query, count, self._place[hidden])
        ids: list[Any] = self._ids.take(pa.array(found, pa.int64())).to_pylist()
        return [EntityKey(join_keys=[self._name], entity_values=[Value(**{self._slot: i})]) for i in ids]


class SnapshotNearest:
    """Searches of a store; what was built for one is kept for the next, as long as what is online stays."""

    def __init__(self) -> None:
        self._snapshots: WeakKeyDictionary[Generation, dict[Any, GenerationVectors]] = WeakKeyDictionary()
        self._pushed: WeakKeyDictionary[Delta, dict[Any, tuple[int, PushedVectors]]] = WeakKeyDictionary()

    def find(
        self, served: Served, view: FeatureView, query: VectorQuery, count: int, now: int
    ) -> list[EntityKey]:
        """The entities nearest to a query, ``count`` of the snapshot and as many of the pushed ones."""
        generation = served.generation
        pushed = self._of_delta(served.delta, view, query)
        found = pushed.best(view, query, count, now)
        if generation is None or outside(np.array([generation.stamp[0]]), ttl_of(view), now)[0]:
            return found
        held = self._snapshots.setdefault(generation, {})
        key = (query.field.name, query.metric)
        if key not in held:
            held[key] = GenerationVectors(view, generation, query)
        return found + held[key].best(query, count, generation, pushed)

    def _of_delta(self, delta: Delta, view: FeatureView, query: VectorQuery) -> PushedVectors:
        held, key = self._pushed.setdefault(delta, {}), (query.field.name, query.metric, len(query.vector))
        end = delta.end
        known = held.get(key)
        if known is None or known[0] != end:
            known = held[key] = (end, PushedVectors(view, delta.rows(), query))
        return known[1]
