"""A Feast repository over any online store, with one view of snapshots, for tests."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.online_response import OnlineResponse
from feast.types import Array, Float32, Int64, String

from embedding_features.store.marks import marks
from embedding_features.store.online_stores.rows import Rows
from embedding_features.testing.online_store.rows import DAY, DIM, T0, make_ids, snapshot_table

ENGINE = "embedding_features.store.engine.ArrowEngine"


class OnlineRepository:
    """Is a repository whose view ``emb`` of items is tagged as one of snapshots.

    Args:
        root: folder of the repository.
        online: ``online_store`` of ``feature_store.yaml``.
        id_type: of the items: int64 or string.
        ttl: of the view.
        created: whether the view knows when rows were created.
        versions: whether view versions are kept apart online.
        project: name of Feast's project.
        engine: class path of the compute engine.
        offline: type of the offline store.

    Attributes:
        feast: Feast's store.
        view: the view as it is applied.
        online: the online store.
    """

    def __init__(
        self,
        root: Path,
        online: Mapping[str, Any],
        *,
        id_type: str = "int64",
        ttl: timedelta | None = None,
        created: bool = True,
        versions: bool = False,
        project: str = "p",
        engine: str = ENGINE,
        offline: str = "duckdb",
    ) -> None:
        self.data, self.id_type = root / "data", id_type
        self.data.mkdir(parents=True, exist_ok=True)
        registry = {
            "path": str(root / "registry.db"),
            "enable_online_feature_view_versioning": versions,
            "serve_features_while_materializing": True,
        }
        self.feast = FeatureStore(config=_config(root, online, project, registry, engine, offline))
        self.put("empty", snapshot_table(make_ids(1, id_type), -1000))
        self.feast.apply(_definitions(self.data, id_type, ttl, created))
        self.view: FeatureView = self.feast.get_feature_view("emb")
        self.online: Any = self.feast._get_provider().online_store

    def put(self, name: str, rows: pa.Table) -> None:
        """Add a file of rows to the view's source."""
        pq.write_table(rows, self.data / f"{name}.parquet")

    def materialize(self, start: float = -10, end: float = 100) -> None:
        """Bring a window online, in days after :data:`T0`."""
        self.feast.materialize(T0 + start * DAY, T0 + end * DAY, ["emb"])

    def write(self, snapshot: pa.Table | pa.RecordBatchReader, rows: int | None = None) -> int:
        """Call ``write_table``."""
        count: int = self.online.write_table(self.feast.config, self.view, snapshot, rows=rows)
        return count

    def push(self, rows: pa.Table) -> None:
        """Push rows through Feast."""
        self.feast.write_to_online_store("emb", rows.to_pandas())

    def read(self, ids: Any, features: Sequence[str] | None = None) -> Rows:
        """Call ``read_arrays``."""
        rows: Rows = self.online.read_arrays(self.feast.config, self.view, ids, features)
        return rows

    def names(self, ids: Any) -> list[Any]:
        """Return the feature ``name`` of items, which says what row they have; None where there is none."""
        names: list[Any] = self.read(ids).arrays["name"].tolist()
        return names

    def get(self, ids: Sequence[Any], features: Sequence[str] = ("vector", "near", "name")) -> OnlineResponse:
        """Call Feast's ``get_online_features``."""
        return self.feast.get_online_features(
            features=[f"emb:{f}" for f in features], entity_rows=[{"item_id": i} for i in ids]
        )


def _config(
    root: Path,
    online: Mapping[str, Any],
    project: str,
    registry: Mapping[str, Any],
    engine: str,
    offline: str,
) -> RepoConfig:
    return RepoConfig(
        project=project,
        provider="local",
        registry=registry,
        offline_store={"type": offline},
        online_store=dict(online),
        batch_engine={"type": engine},
        entity_key_serialization_version=3,
        repo_path=root,
    )


def _definitions(data: Path, id_type: str, ttl: timedelta | None, created: bool) -> list[Any]:
    key, value = (Int64, ValueType.INT64) if id_type == "int64" else (String, ValueType.STRING)
    entity = Entity(name="item", join_keys=["item_id"], value_type=value)
    schema = [
        Field(name="item_id", dtype=key),
        Field(name="vector", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": str(DIM)})),
        Field(name="near", dtype=Array(String)),
        Field(name="name", dtype=String),
        Field(name="size", dtype=Int64),
    ]
    source = FileSource(
        name="s",
        path=str(data / "*.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created" if created else "",
    )
    tags = marks({"space": "s1"})
    return [
        entity,
        FeatureView(name="emb", entities=[entity], ttl=ttl, schema=schema, source=source, tags=tags),
    ]
