"""The entities of a view version nearest to a query: those of its snapshot, and those pushed over it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.arrays import I64
from embedding_features.store.online_stores.key_types import key_type
from embedding_features.store.online_stores.search.pushed_vectors import PushedVectors
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.search.scan import VectorScan, matrix_of
from embedding_features.store.online_stores.values import Values

T = TypeVar("T")


class SnapshotVectors:
    """Searches the vectors of a snapshot; equally near entities are found in the order of their ids.

    Args:
        view: the view, whose one key the ids are of.
        query: the search that the vectors are read for, which names the feature and the metric.
        ids: [n] the ids, ascending.
        vectors: [n] their vectors; None where the view gained the feature after the snapshot was written:
            then no entity is found.
    """

    def __init__(self, view: FeatureView, query: VectorQuery, ids: pa.Array, vectors: Values | None) -> None:
        where = f"{query.field.name} of view {view.name}"
        if vectors is None:
            ids, vectors = ids[:0], np.empty((0, len(query.vector)), np.float32)
        self._ids = ids
        self._scan = VectorScan(matrix_of(vectors, query, where), query.metric, where)
        self._key = view.entity_columns[0]

    def best(self, query: VectorQuery, count: int, hidden: I64) -> list[EntityKey]:
        """Return the ``count`` entities nearest to a query, nearest first.

        Args:
            query: the search.
            count: entities wanted; fewer come back where there are fewer.
            hidden: [m] places among the ids that are left out, because rows were pushed over them.
        """
        slot = f"{key_type(self._key).name.lower()}_val"
        places = self._scan.best(query, count, hidden)
        ids = self._ids.take(pa.array(places, pa.int64())).to_pylist()
        return [EntityKey(join_keys=[self._key.name], entity_values=[Value(**{slot: i})]) for i in ids]


@dataclass(frozen=True)
class SearchedView:
    """Holds what a search of one view version looks at, all of it online at one moment.

    Attributes:
        name: names the snapshot; it is another one after a switch.
        pushed: the rows that were pushed.
        snapshot: the snapshot's vectors; None before the first snapshot, and when it is older than ttl.
        hidden: [m] places in the snapshot that pushed rows supersede.
    """

    name: Hashable
    pushed: PushedVectors
    snapshot: SnapshotVectors | None
    hidden: I64

    def nearest(self, view: FeatureView, query: VectorQuery, count: int, now: int) -> list[EntityKey]:
        """Return the entities nearest to a query: ``count`` of the snapshot, and as many of the pushed ones.

        Args:
            view: the view.
            query: the search.
            count: entities wanted of each.
            now: microseconds since 1970, to leave out what is older than the view's ttl.
        """
        found = self.pushed.best(view, query, count, now)
        return found + (self.snapshot.best(query, count, self.hidden) if self.snapshot else [])


class KeptVectors(Generic[T]):
    """Keeps what was built for a search for the next ones, as long as what is online stays the same."""

    def __init__(self) -> None:
        self._kept: tuple[Hashable, dict[Hashable, T]] = (None, {})

    def get(self, state: Hashable, query: VectorQuery, build: Callable[[], T]) -> T:
        """Return what was built for this feature, metric and dimension; build it where there is none.

        Args:
            state: what is online; what was built for another state is let go.
            query: the search.
            build: makes it.
        """
        known, kept = self._kept
        if known != state:
            kept = {}
            self._kept = (state, kept)  # in one step, for other threads
        key = (query.field.name, query.metric, len(query.vector))
        if key not in kept:
            kept[key] = build()
        return kept[key]
