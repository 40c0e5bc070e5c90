"""An embedded online store for Feast: a memory-mapped snapshot, and a small durable delta for pushes.

    online_store:
      type: embedding_features.store.online_snapshot.SnapshotOnlineStore
      path: data/online_snapshots

Each view version has a folder (:mod:`.online_snapshot_folder`). Snapshots come by
:class:`~embedding_features.store.engine.ArrowEngine`, or by :meth:`SnapshotOnlineStore.write_table`.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from feast import Entity, FeatureView, RepoConfig, utils
from feast.infra.online_stores.helpers import compute_versioned_name
from feast.infra.online_stores.online_store import OnlineStore
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus, GetOnlineFeaturesResponse
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import FeastConfigBaseModel

from embedding_features.errors import StoreError
from embedding_features.files import safe_name
from embedding_features.store.online_snapshot_delta import Row, key_of
from embedding_features.store.online_snapshot_folder import ViewFolder
from embedding_features.store.online_snapshot_generation import NEVER, Layout
from embedding_features.store.online_snapshot_protos import read_protos
from embedding_features.store.online_snapshot_rows import Rows, ids_array, rows_of
from embedding_features.store.online_snapshot_values import check_pushed, declared_dim

_START = datetime(1970, 1, 1, tzinfo=UTC)
Written = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Found = tuple[datetime | None, dict[str, Value] | None]


class SnapshotOnlineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]
    """Settings; ``path`` is relative to the repository."""

    type: Literal["embedding_features.store.online_snapshot.SnapshotOnlineStore"] = (
        "embedding_features.store.online_snapshot.SnapshotOnlineStore"
    )
    path: str = "data/online_snapshots"


class SnapshotOnlineStore(OnlineStore):  # type: ignore[misc]
    """Feast's online store interface, and two array paths: :meth:`write_table` and :meth:`read_arrays`."""

    _versioned_read_supported = True

    def __init__(self) -> None:
        self._folders: dict[Path, ViewFolder] = {}

    def write_table(
        self,
        config: RepoConfig,
        view: FeatureView,
        table: pa.Table | pa.RecordBatchReader,
        *,
        rows: int | None = None,
    ) -> int:
        """Make a snapshot the one that is served, in one step; what it lacks is gone.

        Args:
            table: columns named as the view's entity, features and timestamps; all rows of one event time.
            rows: how many there must be.

        Returns:
            The number of entities.

        Raises:
            StoreError: on nulls, NaN, infinity, a wrong dim, several event times, two rows of an id with one
                created time, another number of rows, or a snapshot older than what is online. What was online
                stays.
        """
        source, keys = view.batch_source, [field.name for field in view.entity_columns]
        if source is None or len(keys) != 1:
            raise StoreError(f"view {view.name} has keys {keys}", fix="write views of one entity by rows")
        dims = {field.name: declared_dim(field) for field in view.features}
        created = source.created_timestamp_column or None
        layout = Layout(keys[0], dims, source.timestamp_field, created, f"view {view.name}")
        batches = table.to_batches() if isinstance(table, pa.Table) else table
        return self._folder(config, view).replace(layout, table.schema, batches, rows)

    def read_arrays(
        self,
        config: RepoConfig,
        view: FeatureView,
        ids: np.ndarray | pa.Array | Sequence[int] | Sequence[str],
        features: Sequence[str] | None = None,
    ) -> Rows:
        """The rows of ids as arrays; the registry is not asked, so keep ``view``.

        Raises:
            StoreError: when nothing of the view is online.
            DataError: when ids are null or of another type than the entity's.
        """
        names = [field.name for field in view.features]
        unknown = sorted(set(features or ()) - set(names))
        if unknown:
            raise StoreError(f"view {view.name} has no feature {', '.join(unknown)}", fix=f"it has {names}")
        served = self._folder(config, view).served()
        return rows_of(served, view, ids_array(ids), names if features is None else features, _now())

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Written],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Push rows, all or none, on disk when this returns; a row older than what is served is passed over.

        Raises:
            StoreError: on a null list, NaN, infinity, a wrong dim, a missing feature.
        """
        rows = []
        for entity, values, event, created in data:
            check_pushed(table, values)
            rows.append(Row(entity, (_micros(event), NEVER if created is None else _micros(created)), values))
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
        keys = [key_of(entity) for entity in entity_keys]
        return read_protos(self._folder(config, table).served(), table, keys, names, _now())

    def _read_features_per_fv(
        self,
        config: RepoConfig,
        grouped_refs: list[tuple[FeatureView, list[str]]],
        join_key_values: dict[str, Any],
        entity_name_to_join_key_map: dict[str, str],
        online_features_response: GetOnlineFeaturesResponse,
        full_feature_names: bool,
        include_feature_view_version_metadata: bool,
    ) -> None:
        """Feast's own, but what is older than ttl has the status OUTSIDE_MAX_AGE."""
        for table, names in grouped_refs:
            unique, places, length = utils._get_unique_entities(
                table, join_key_values, entity_name_to_join_key_map
            )
            places = tuple(places)
            found = self.online_read(config, table, utils._get_entity_key_protos(unique), names)
            utils._populate_response_from_feature_data(
                names, found, places, online_features_response, full_feature_names, table, length,
                include_feature_view_version_metadata,
            )  # fmt: skip
            expired = [
                i for (event, values), at in zip(found, places, strict=True) if event and values is None
                for i in at
            ]  # fmt: skip
            for vector in online_features_response.results[-len(names) :] if names else ():
                for i in expired:
                    vector.statuses[i] = FieldStatus.OUTSIDE_MAX_AGE

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],  # noqa: ARG002
        entities_to_keep: Sequence[Entity],  # noqa: ARG002
        partial: bool,  # noqa: ARG002
    ) -> None:
        """Make folders for the views that are kept; remove those of deleted views, all versions."""
        for view in tables_to_delete:
            self._remove(_root(config) / safe_name(view.name, "view"))
        for view in tables_to_keep:
            self._folder(config, view).create()

    def teardown(
        self,
        config: RepoConfig,
        tables: Sequence[FeatureView],  # noqa: ARG002
        entities: Sequence[Entity],  # noqa: ARG002
    ) -> None:
        """Remove everything of the project."""
        self._remove(_root(config))

    def _remove(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._folders = {path: kept for path, kept in self._folders.items() if folder not in path.parents}

    def _folder(self, config: RepoConfig, view: FeatureView) -> ViewFolder:
        versioned = compute_versioned_name(view, config.registry.enable_online_feature_view_versioning)
        path = _root(config) / safe_name(view.name, "view") / safe_name(versioned, "view")
        return (
            self._folders.setdefault(path, ViewFolder(path))
            if path not in self._folders
            else self._folders[path]
        )


def _root(config: RepoConfig) -> Path:
    path = Path(config.online_store.path)
    root = path if path.is_absolute() else Path(config.repo_path or ".").resolve() / path
    return root / safe_name(config.project, "project")


def _micros(moment: datetime) -> int:
    """Microseconds since 1970; a time without zone is UTC, as Feast has it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _START) // timedelta(microseconds=1)


def _now() -> int:
    return time.time_ns() // 1000
