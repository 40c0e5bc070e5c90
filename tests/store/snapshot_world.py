"""A Feast repository over one of our online stores, or Feast's sqlite, with one view of vectors and a tag."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Array, Float32, Int64, String

from embedding_features.store.marks import marks

T0 = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
STORE = "embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"
REDIS = "embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore"
DIM = 4


def make_ids(count, id_type="int64"):
    return (
        [2**60 + 3 * i for i in range(count)] if id_type == "int64" else [f"é{i}\x00" for i in range(count)]
    )


def table(ids, day=0, seed=0, created=0, **replaced):
    """Rows of the view; the moment is ``day``, created ``created`` days later."""
    rng = np.random.default_rng([seed, int(abs(day) * 10), len(ids)])
    n, us = len(ids), pa.timestamp("us", tz="UTC")
    columns = {
        "item_id": pa.array(ids),
        "vector": pa.array(list(rng.standard_normal((n, DIM)).astype(np.float32)), pa.list_(pa.float32())),
        "near": pa.array(
            [[f"n{i}", "x"][: int(rng.integers(0, 3))] for i in range(n)], pa.list_(pa.string())
        ),
        "name": pa.array([f"name {seed} {i}" for i in range(n)]),
        "size": pa.array([2**60 + 1 + i for i in range(n)], pa.int64()),
        "event_timestamp": pa.array([T0 + day * DAY] * n, us),
        "created": pa.array([T0 + (day + created) * DAY] * n, us),
    }
    return pa.table({**columns, **replaced})


def online_config(kind, root, redis=None):
    """``online_store`` of feature_store.yaml; ``redis`` is a server's connection string."""
    if kind == "redis":
        return {"type": REDIS, "connection_string": redis, "lock_seconds": 1, "timeout_seconds": 2}
    return {"type": STORE, "path": "online"} if kind == "snapshot" else {"type": kind, "path": f"{root}/o.db"}


class World:
    """A repository; ``put`` adds a Parquet file of snapshots, ``materialize`` brings a window online.

    ``kind`` is the online store: snapshot, redis or sqlite.
    """

    def __init__(
        self, root, id_type="int64", ours=True, ttl=None, created=True, kind=None, redis=None,
        versions=False, project="p", offline="duckdb",
    ):  # fmt: skip
        kind = kind or ("snapshot" if ours else "sqlite")
        self.data, self.id_type = root / "data", id_type
        self.data.mkdir(parents=True, exist_ok=True)
        engine = "local" if kind == "sqlite" else "embedding_features.store.engine.ArrowEngine"
        config = RepoConfig(
            project=project,
            provider="local",
            registry={
                "path": str(root / "registry.db"),
                "enable_online_feature_view_versioning": versions,
                "serve_features_while_materializing": True,
            },
            offline_store={"type": offline},
            online_store=online_config(kind, root, redis),
            batch_engine={"type": engine},
            entity_key_serialization_version=3,
            repo_path=root,
        )
        self.feast = FeatureStore(config=config)
        key, value = (Int64, ValueType.INT64) if id_type == "int64" else (String, ValueType.STRING)
        entity = Entity(name="item", join_keys=["item_id"], value_type=value)
        schema = [
            Field(name="item_id", dtype=key),
            Field(name="vector", dtype=Array(Float32), tags=marks({"kind": "vector", "dim": str(DIM)})),
            Field(name="near", dtype=Array(String)),
            Field(name="name", dtype=String),
            Field(name="size", dtype=Int64),
        ]
        self.put("empty", table(make_ids(1, id_type), -1000))
        source = FileSource(
            name="s",
            path=str(self.data / "*.parquet"),
            timestamp_field="event_timestamp",
            created_timestamp_column="created" if created else "",
        )
        view = FeatureView(
            name="emb", entities=[entity], ttl=ttl, schema=schema, source=source, tags=marks({"space": "s1"})
        )
        self.feast.apply([entity, view])
        self.view = self.feast.get_feature_view("emb")
        self.online = self.feast._get_provider().online_store

    def put(self, name, rows):
        pq.write_table(rows, self.data / f"{name}.parquet")

    def materialize(self, start=-10, end=100):
        self.feast.materialize(T0 + start * DAY, T0 + end * DAY, ["emb"])

    def write(self, snapshot, rows=None):
        return self.online.write_table(self.feast.config, self.view, snapshot, rows=rows)

    def read(self, ids, features=None):
        return self.online.read_arrays(self.feast.config, self.view, ids, features)

    def push(self, rows):
        self.feast.write_to_online_store("emb", rows.to_pandas())

    def get(self, ids, features=("vector", "near", "name")):
        return self.feast.get_online_features(
            features=[f"emb:{f}" for f in features], entity_rows=[{"item_id": i} for i in ids]
        )


@pytest.fixture(params=["snapshot", "redis"])
def make_world(request, tmp_path):
    """``make_world(name, **settings)``: a repository over each of our stores; a name again reopens it."""
    redis = request.getfixturevalue("redis_address") if request.param == "redis" else None

    def make(name="w", **settings):
        return World(tmp_path / name, kind=request.param, redis=redis, project=name, **settings)

    return make
