"""Reads one view version from its folder: as arrays, as Feast's values, and for a search."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from feast import FeatureView
from typing_extensions import override

from embedding_features.arrays import I64
from embedding_features.store.online_stores.merged import merged_arrays, merged_protos
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.response import Found
from embedding_features.store.online_stores.rows import Rows, is_older_than_ttl
from embedding_features.store.online_stores.search.nearest import KeptVectors, SearchedView, SnapshotVectors
from embedding_features.store.online_stores.search.pushed_vectors import PushedVectors
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.snapshot.folder import ViewFolder
from embedding_features.store.online_stores.snapshot.generation import Generation
from embedding_features.store.online_stores.stored_view import Online, StoredView
from embedding_features.store.online_stores.values import Values


class SnapshotView(ViewFolder, StoredView):
    """Serves one view version from memory-mapped files, with the rows of a small delta over them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._vectors: KeptVectors[tuple[SnapshotVectors, I64]] = KeptVectors()
        self._pushed_vectors: KeptVectors[PushedVectors] = KeptVectors()

    @override
    def describe(self) -> Online | None:
        if not self.exists():
            return None
        served = self.served()
        generation = served.generation
        stamp, entities = (generation.stamp, generation.entities) if generation else (None, 0)
        return Online(stamp, entities, len(served.delta))

    @override
    def find_pushed(self, keys: Sequence[Key]) -> Mapping[int, Row]:
        return self.served().delta.find(keys)

    @override
    def read_arrays(self, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
        served = self.served()
        generation, delta = served.generation, served.delta
        rows = generation.index.find(ids) if generation else np.full(len(ids), -1)
        pushed = delta.find(ids.tolist()) if len(delta) else {}

        def take(name: str) -> Values | None:
            column = generation.column(name) if generation else None
            return column.take(np.maximum(rows, 0)) if column else None

        moment = generation.stamp[0] if generation else 0
        return merged_arrays(view, features, now, missing=rows < 0, moment=moment, pushed=pushed, take=take)

    @override
    def read_protos(
        self, view: FeatureView, keys: Sequence[Key], features: Sequence[str], now: int
    ) -> list[Found]:
        served = self.served()
        generation, pushed = served.generation, served.delta.find(keys)
        # keys of another type than the snapshot's are not in it
        asked, rows = generation.find(keys) if generation else ([], np.empty(0, np.int64))
        held = rows >= 0

        def take(name: str) -> Values | None:
            column = generation.column(name) if generation else None
            return column.take(rows[held]) if column else None

        moment = generation.stamp[0] if generation else 0
        places = np.array(asked, np.int64)[held]
        return merged_protos(
            view, features, now, count=len(keys), places=places, moment=moment, pushed=pushed, take=take
        )

    @override
    def searched(self, view: FeatureView, query: VectorQuery, now: int) -> SearchedView:
        served = self.served()
        generation, delta = served.generation, served.delta
        state = (served.pointer, delta.end)
        pushed = self._pushed_vectors.get(state, query, lambda: PushedVectors(view, delta.rows(), query))
        if generation is None or is_older_than_ttl(generation.stamp[0], view, now):
            return SearchedView(served.pointer, pushed, None, np.empty(0, np.int64))
        vectors, places = self._vectors.get(
            served.pointer.generation, query, lambda: _vectors(view, query, generation)
        )
        _, rows = generation.find(pushed.keys)
        hidden = places[rows[(rows >= 0) & (rows < len(places))]]
        return SearchedView(served.pointer, pushed, vectors, hidden)

    @override
    def snapshot_name(self) -> Hashable:
        """Return the pointer, which names the snapshot that is online now and its pushes."""
        return self.served().pointer


def _vectors(view: FeatureView, query: VectorQuery, generation: Generation) -> tuple[SnapshotVectors, I64]:
    """Return a generation's vectors in the order of the ids, and the place there of each of its rows."""
    column = generation.column(query.field.name)
    ids, rows = generation.index.ids()
    if column is None:  # without vectors no row has a place
        rows = rows[:0]
    places = np.empty(int(rows.max(initial=-1)) + 1, np.int64)
    places[rows] = np.arange(len(rows))
    return SnapshotVectors(view, query, ids, column.take(rows) if column else None), places
