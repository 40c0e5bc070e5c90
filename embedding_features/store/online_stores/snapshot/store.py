"""An embedded online store for Feast: a memory-mapped snapshot, and a small durable delta for pushes.

    online_store:
      type: embedding_features.store.online_stores.snapshot.SnapshotOnlineStore
      path: data/online_snapshots

Each view version has a folder (:mod:`.folder`). Snapshots come by
:class:`.ArrowEngine`, or by :meth:`SnapshotOnlineStore.write_table`.
"""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from feast import Entity, FeatureView, RepoConfig
from feast.infra.online_stores.helpers import compute_versioned_name
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.repo_config import FeastConfigBaseModel

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
from embedding_features.store.online_stores.names import folder_of
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.search.query import VectorQuery
from embedding_features.store.online_stores.snapshot.folder import ViewFolder
from embedding_features.store.online_stores.snapshot.gather import rows_of
from embedding_features.store.online_stores.snapshot.nearest import SnapshotNearest
from embedding_features.store.online_stores.snapshot.protos import read_protos
from embedding_features.store.online_stores.snapshot.removal import remove_project, remove_view


class SnapshotOnlineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]
    """Settings; ``path`` is relative to the repository."""

    type: Literal["embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"] = (
        "embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"
    )
    path: str = "data/online_snapshots"


class SnapshotOnlineStore(EmbeddingOnlineStore):
    """Memory-mapped snapshots, and a small durable delta of pushes over them."""

    def __init__(self) -> None:
        self._folders: dict[tuple[str, ...], ViewFolder] = {}
        self._nearest = SnapshotNearest()

    def write_table(
        self,
        config: RepoConfig,
        view: FeatureView,
        table: pa.Table | pa.RecordBatchReader,
        *,
        rows: int | None = None,
    ) -> int:
        batches = table.to_batches() if isinstance(table, pa.Table) else table
        incoming = Incoming(Layout.of(view), table.schema, batches, rows)
        return self._folder(config, view).replace(incoming)

    def read_arrays(
        self, config: RepoConfig, view: FeatureView, ids: GivenIds, features: Sequence[str] | None = None
    ) -> Rows:
        names = chosen(view, features)
        return rows_of(self._folder(config, view).served(), view, ids_of(view, ids), names, now())

    def describe(self, config: RepoConfig, view: FeatureView) -> Online | None:
        folder = self._folder(config, view)
        if not folder.exists():
            return None
        served = folder.served()
        generation = served.generation
        stamp, entities = (generation.stamp, generation.entities) if generation else (None, 0)
        return Online(stamp, entities, len(served.delta))

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Push rows, all or none, on disk when this returns; a row older than what is served is passed over.

        Raises:
            StoreError: when a row breaks a rule of :func:`~..values.check_pushed`.
        """
        rows = checked_rows(table, data)
        self._folder(config, table).push(rows)
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
        names = requested_features or [field.name for field in table.features]
        keys = keys_of(table, entity_keys)
        return read_protos(self._folder(config, table).served(), table, keys, names, now())

    def nearest(
        self, config: RepoConfig, view: FeatureView, query: VectorQuery, count: int
    ) -> tuple[list[EntityKey], Hashable]:
        served = self._folder(config, view).served()
        return self._nearest.find(served, view, query, count, now()), served.pointer

    def snapshot_name(self, config: RepoConfig, view: FeatureView) -> Hashable:
        return self._folder(config, view).served().pointer

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],  # noqa: ARG002
        entities_to_keep: Sequence[Entity],  # noqa: ARG002
        partial: bool,  # noqa: ARG002
    ) -> None:
        """Make folders for the views that are kept; remove deleted ones, all versions, when nobody writes.

        Raises:
            StoreError: when a view has keys or features of a type that is not stored; nothing changes then.
        """
        for view in tables_to_keep:
            refuse_types(view)
        for view in tables_to_delete:
            remove_view(folder_of(_root(config), view.name))
        for view in tables_to_keep:
            self._folder(config, view).create()

    def teardown(
        self,
        config: RepoConfig,
        tables: Sequence[FeatureView],  # noqa: ARG002
        entities: Sequence[Entity],  # noqa: ARG002
    ) -> None:
        """Remove everything of the project, when nobody writes."""
        remove_project(_root(config))

    async def close(self) -> None:
        """Let go of the files that are open; the next read opens them anew."""
        self._folders.clear()

    def _folder(self, config: RepoConfig, view: FeatureView) -> ViewFolder:
        versioned = compute_versioned_name(view, config.registry.enable_online_feature_view_versioning)
        key = (config.online_store.path, str(config.repo_path), config.project, view.name, versioned)
        found = self._folders.get(key)
        if found is None:  # paths are slow to build, a read takes microseconds
            path = folder_of(folder_of(_root(config), view.name), versioned)
            found = self._folders.setdefault(key, ViewFolder(path))
        return found


def _root(config: RepoConfig) -> Path:
    path = Path(config.online_store.path)
    root = path if path.is_absolute() else Path(config.repo_path or ".").resolve() / path
    return folder_of(root, config.project)
