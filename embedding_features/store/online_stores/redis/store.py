"""An online store for Feast over Redis: snapshots switched in one step, pushes over them, arrays out.

    online_store:
      type: embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore
      connection_string: localhost:6379,db=0

Keys begin with ``ef:<project>:`` (:mod:`.view`). Snapshots come by
:class:`.ArrowEngine`, or by :meth:`RedisEmbeddingOnlineStore.write_table`.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

import pyarrow as pa
from feast import Entity, FeatureView, RepoConfig
from feast.infra.online_stores.helpers import compute_versioned_name
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.repo_config import FeastConfigBaseModel
from pydantic import PositiveFloat

from embedding_features.store.online_stores.base import (
    EmbeddingOnlineStore,
    GivenIds,
    Online,
    checked_rows,
    chosen,
    now,
)
from embedding_features.store.online_stores.feast_reads import Found, Written
from embedding_features.store.online_stores.ids import ids_of
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.key_types import refuse_types
from embedding_features.store.online_stores.key_values import keys_of
from embedding_features.store.online_stores.layout import Layout
from embedding_features.store.online_stores.merged import merged
from embedding_features.store.online_stores.names import key_part
from embedding_features.store.online_stores.redis.address import Address
from embedding_features.store.online_stores.redis.fields import fields_of_ids, fields_of_keys
from embedding_features.store.online_stores.redis.nearest import RedisNearest
from embedding_features.store.online_stores.redis.protos import to_found
from embedding_features.store.online_stores.redis.server import RedisServer
from embedding_features.store.online_stores.redis.view import RedisView, index_of
from embedding_features.store.online_stores.rows import Rows, refuse_type
from embedding_features.store.online_stores.search.query import VectorQuery


class RedisEmbeddingOnlineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]
    """Settings.

    Attributes:
        connection_string: ``host:port,db=0,username=…,password=…,ssl=true``, as Feast's Redis store has it.
        timeout_seconds: how long one command may take, and connecting.
        lock_seconds: how long a killed materialization keeps others waiting.
        wait_seconds: how long a materialization waits for another one.
    """

    type: Literal["embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore"] = (
        "embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore"
    )
    connection_string: str = "localhost:6379"
    timeout_seconds: PositiveFloat = 5
    lock_seconds: PositiveFloat = 30
    wait_seconds: PositiveFloat = 600


class RedisEmbeddingOnlineStore(EmbeddingOnlineStore):
    """Packed rows in Redis, one hash a view version."""

    def __init__(self) -> None:
        self._servers: dict[tuple[str, float], RedisServer] = {}
        self._views: dict[tuple[RedisServer, str, str], RedisView] = {}
        self._nearest = RedisNearest()

    def write_table(
        self,
        config: RepoConfig,
        view: FeatureView,
        table: pa.Table | pa.RecordBatchReader,
        *,
        rows: int | None = None,
    ) -> int:
        batches = table.to_batches() if isinstance(table, pa.Table) else table
        return self._view(config, view).replace(Incoming(Layout.of(view), table.schema, batches, rows))

    def read_arrays(
        self, config: RepoConfig, view: FeatureView, ids: GivenIds, features: Sequence[str] | None = None
    ) -> Rows:
        names, keys = chosen(view, features), ids_of(view, ids)
        answer = self._view(config, view).read(fields_of_ids(keys))
        stamp = answer.header.stamp
        if stamp is not None:
            refuse_type(keys, answer.header.text)
        return merged(
            view, names, now(), missing=answer.missing, moment=stamp[0] if stamp else 0, pushed=answer.pushed,
            take=answer.packed.take,
        )  # fmt: skip

    def describe(self, config: RepoConfig, view: FeatureView) -> Online | None:
        return self._view(config, view).describe()

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Push rows; a row older than what is served is passed over.

        They are as durable as Redis is configured. Each 1,024 rows are written all or none.

        Raises:
            StoreError: when a row breaks a rule of :func:`~..values.check_pushed`; nothing is written then.
        """
        rows = checked_rows(table, data)
        self._view(config, table).push(rows)
        if progress:
            progress(len(rows))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[Found]:
        """One (event time, values) for each key; (None, None) where there is none, (time, None) after ttl."""
        answer = self._view(config, table).read(fields_of_keys(keys_of(table, entity_keys)))
        names = requested_features or [field.name for field in table.features]
        return to_found(answer, table, names, now())

    def nearest(
        self, config: RepoConfig, view: FeatureView, query: VectorQuery, count: int
    ) -> tuple[list[EntityKey], Hashable]:
        return self._nearest.find(self._view(config, view), view, query, count, now())

    def snapshot_name(self, config: RepoConfig, view: FeatureView) -> Hashable:
        return self._view(config, view).header().run

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],  # noqa: ARG002
        entities_to_keep: Sequence[Entity],  # noqa: ARG002
        partial: bool,  # noqa: ARG002
    ) -> None:
        """Make the views that are kept ready; remove deleted ones, all versions.

        Raises:
            StoreError: when a view has keys or features of a type that is not stored; nothing changes then.
        """
        for view in tables_to_keep:
            refuse_types(view)
        for view in tables_to_delete:
            self._remove(config, f"{key_part(view.name)}:")
        for view in tables_to_keep:
            self._view(config, view).create()

    def teardown(
        self,
        config: RepoConfig,
        tables: Sequence[FeatureView],  # noqa: ARG002
        entities: Sequence[Entity],  # noqa: ARG002
    ) -> None:
        """Remove everything of the project, and nothing else."""
        self._remove(config, "")

    async def close(self) -> None:
        """Give the connections back; the next call opens new ones."""
        for server in self._servers.values():
            server.close()

    def _remove(self, config: RepoConfig, prefix: str) -> None:
        for name in sorted(self._server(config).run("SMEMBERS", index_of(_project(config)))):
            if name.decode().startswith(prefix):
                self._named(config, name.decode()).remove()

    def _view(self, config: RepoConfig, view: FeatureView) -> RedisView:
        versioned = compute_versioned_name(view, config.registry.enable_online_feature_view_versioning)
        return self._named(config, f"{key_part(view.name)}:{key_part(versioned)}")

    def _named(self, config: RepoConfig, name: str) -> RedisView:
        server, project, settings = self._server(config), _project(config), config.online_store
        key = (server, project, name)
        if key not in self._views:
            made = RedisView(server, project, name, settings.lock_seconds, settings.wait_seconds)
            self._views.setdefault(key, made)
        return self._views[key]

    def _server(self, config: RepoConfig) -> RedisServer:
        key = (config.online_store.connection_string, config.online_store.timeout_seconds)
        if key not in self._servers:
            self._servers.setdefault(key, RedisServer(Address.parse(key[0]), key[1]))
        return self._servers[key]


def _project(config: RepoConfig) -> str:
    """What all keys of the project begin with."""
    return f"ef:{key_part(config.project)}"
