"""Reads one view version from Redis: as arrays, as Feast's values, and for a search."""

from collections.abc import Hashable, Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from feast import FeatureView
from typing_extensions import override

from embedding_features.arrays import I64
from embedding_features.errors import StoreError
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.merged import merged_arrays, merged_protos
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.redis.change import change
from embedding_features.store.online_stores.redis.decode import PackedRows
from embedding_features.store.online_stores.redis.hash import RedisHash
from embedding_features.store.online_stores.redis.read import all_rows, pushed_rows, read
from embedding_features.store.online_stores.redis.replace import replace
from embedding_features.store.online_stores.redis.server import RedisServer
from embedding_features.store.online_stores.redis.wire import FieldArguments, Header, id_of, is_pushed
from embedding_features.store.online_stores.response import Found
from embedding_features.store.online_stores.rows import Rows, is_older_than_ttl, refuse_type
from embedding_features.store.online_stores.search.nearest import KeptVectors, SearchedView, SnapshotVectors
from embedding_features.store.online_stores.search.pushed_vectors import PushedVectors
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.stored_view import Changed, StoredView
from embedding_features.store.online_stores.values import Values

_TRIES = 5


class RedisView(RedisHash, StoredView):
    """Serves one view version from one hash of packed rows.

    Args:
        server: the Redis server.
        project: what the keys of the project begin with.
        name: names this view version in the set of the project's.
        lock_seconds: how long the lock of a killed materialization lasts.
        wait_seconds: how long a materialization waits for another one.
    """

    def __init__(
        self, server: RedisServer, project: str, name: str, lock_seconds: float, wait_seconds: float
    ) -> None:
        super().__init__(server, project, name)
        self._lock_seconds, self._wait_seconds = lock_seconds, wait_seconds
        self._vectors: KeptVectors[tuple[SnapshotVectors, dict[Key, int]]] = KeptVectors()

    @override
    def replace(self, incoming: Incoming) -> int:
        return replace(self, incoming, self._lock_seconds, self._wait_seconds)

    @override
    def change(self, keys: Sequence[Key], changed: Changed) -> None:
        change(self, keys, changed)

    @override
    def find_pushed(self, keys: Sequence[Key]) -> Mapping[int, Row]:
        return read(self, FieldArguments.of_keys(keys)).pushed

    @override
    def read_arrays(self, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
        found = read(self, FieldArguments.of_ids(ids))
        stamp = found.header.stamp
        if stamp is not None:
            refuse_type(ids, found.header.text)
        moment = stamp[0] if stamp else 0
        return merged_arrays(
            view,
            features,
            now,
            missing=found.missing,
            moment=moment,
            pushed=found.pushed,
            take=found.packed.take,
        )

    @override
    def read_protos(
        self, view: FeatureView, keys: Sequence[Key], features: Sequence[str], now: int
    ) -> list[Found]:
        found = read(self, FieldArguments.of_keys(keys))
        stamp = found.header.stamp
        places: I64 = np.flatnonzero(~found.missing) if stamp else np.empty(0, np.int64)

        def take(name: str) -> Values | None:
            values = found.packed.take(name)
            if values is None or isinstance(values, np.ndarray):
                return None if values is None else values[places]
            return values.take(pa.array(places))

        moment = stamp[0] if stamp else 0
        return merged_protos(
            view, features, now, count=len(keys), places=places, moment=moment, pushed=found.pushed, take=take
        )

    @override
    def searched(self, view: FeatureView, query: VectorQuery, now: int) -> SearchedView:
        """Return the vectors that a search looks at; the snapshot's are fetched from Redis once.

        Raises:
            StoreError: when nothing of the view is online, or snapshots are switched all the time.
        """
        for _ in range(_TRIES):
            header = self.header()
            stamp, vectors = header.stamp, None
            places: dict[Key, int] = {}
            if stamp is not None and not is_older_than_ttl(stamp[0], view, now):
                fetch = partial(self._fetch, view, query, header)
                vectors, places = self._vectors.get(header.run, query, fetch)
            pushed = PushedVectors(view, pushed_rows(self), query)
            if self.header().run == header.run:
                hidden = np.array([places[key] for key in pushed.keys if key in places], np.int64)
                return SearchedView(header.run, pushed, vectors, hidden)
        raise StoreError(f"snapshots of view {view.name} are switched all the time", fix="search again")

    def _fetch(
        self, view: FeatureView, query: VectorQuery, header: Header
    ) -> tuple[SnapshotVectors, dict[Key, int]]:
        """Return the vectors of the snapshot's rows that nobody has pushed over yet, and id → place."""
        own = ((id_of(field), row) for field, row in all_rows(self).items() if not is_pushed(row))
        ordered = sorted((key, row) for key, row in own if key is not None)
        ids: list[Key] = [key for key, _ in ordered]
        vectors = PackedRows([row for _, row in ordered], header.columns, header.widths).take(
            query.field.name
        )
        places = {key: place for place, key in enumerate(ids)} if vectors is not None else {}
        return SnapshotVectors(view, query, pa.array(ids), vectors), places

    @override
    def snapshot_name(self) -> Hashable:
        """Return the run id of the snapshot that is online now."""
        return self.header().run
