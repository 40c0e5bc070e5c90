"""Sets up the online stores that benchmarks compare, each in a repository of its own, and their data."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.store.marks import marks

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
VIEW = "item_vector"
_OURS = "embedding_features.store"
_STORES = f"{_OURS}.online_stores"


@dataclass(frozen=True)
class Way:
    """Names stores and an engine, as feature_store.yaml has them.

    ``{folder}`` in a setting is the repository, ``{redis}`` the server's address.

    Attributes:
        online: settings of the online store.
        offline: type of the offline store.
        engine: type of the batch engine.
    """

    online: Mapping[str, str]
    offline: str
    engine: str


def ours(**online: str) -> Way:
    """Return a way with this library's stores and engine."""
    return Way(online, f"{_OURS}.offline.EmbeddingOfflineStore", f"{_OURS}.engine.ArrowEngine")


def feasts(**online: str) -> Way:
    """Return a way with Feast's own, settings at their defaults; duckdb is its fastest offline store."""
    return Way(online, "duckdb", "local")


WAYS = {
    "feast_sqlite": feasts(type="sqlite", path="{folder}/online.db"),
    "embedded": ours(type=f"{_STORES}.snapshot.SnapshotOnlineStore", path="{folder}/online"),
    "feast_redis": feasts(type="redis", connection_string="{redis}"),
    "redis": ours(type=f"{_STORES}.redis.RedisEmbeddingOnlineStore", connection_string="{redis}"),
}


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a redis-server on a free port and yield its address; exit with a plain reason without one."""
    if not shutil.which("redis-server"):
        sys.exit("redis-server is not installed: apt-get install redis-server")
    from tests.store.redis_server import RedisServer

    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        try:
            yield server.address
        finally:
            server.kill()


def item_ids(entities: int) -> np.ndarray:
    """Return [n] int64 ids with gaps between them."""
    return np.arange(entities, dtype=np.int64) * 7919 + 13


def make_vectors(entities: int, dim: int, seed: int = 0) -> np.ndarray:
    """Return [n, dim] float32, row i of id i."""
    return np.random.default_rng(seed).standard_normal((entities, dim), np.float32)


def write_items(path: Path, entities: int, dim: int) -> None:
    """Write a snapshot of ``item`` as this library publishes it, its rows in no order."""
    from embedding_features.artifact.tables import stamped, write_table

    order = np.random.default_rng(1).permutation(entities)
    flat = pa.array(make_vectors(entities, dim)[order].reshape(-1))
    columns = {
        "item_id": pa.array(item_ids(entities)[order]),
        "vector": pa.FixedSizeListArray.from_arrays(flat, dim),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(stamped(pa.table(columns), AS_OF, AS_OF + timedelta(hours=1)), path)


def open_repository(way: str, folder: Path, items: Path, dim: int, redis: str) -> Any:
    """Return a FeatureStore in ``folder`` with the view of ``items`` applied; ``redis`` is an address."""
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
    from feast.types import Array, Float32, Int64

    import embedding_features.store  # noqa: F401 - closes what Feast's own store leaves open

    made = WAYS[way]
    folder.mkdir(parents=True, exist_ok=True)
    config = RepoConfig(
        project=f"bench_{folder.name}",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": made.offline},
        online_store={name: text.format(folder=folder, redis=redis) for name, text in made.online.items()},
        batch_engine={"type": made.engine},
        entity_key_serialization_version=3,
        repo_path=folder,
    )
    store = FeatureStore(config=config)
    item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)
    source = FileSource(
        path=str(items), timestamp_field="event_timestamp", created_timestamp_column="created_timestamp"
    )
    tags = marks({"kind": "vector", "dim": str(dim)})
    schema = [Field(name="item_id", dtype=Int64), Field(name="vector", dtype=Array(Float32), tags=tags)]
    view = FeatureView(
        name=VIEW,
        entities=[item],
        ttl=timedelta(0),
        schema=schema,
        source=source,
        tags=marks({"space": "bench"}),
    )
    store.apply([item, view])
    return store


def bring_online(store: Any) -> None:
    """Materialize the snapshot."""
    store.materialize(AS_OF - timedelta(days=1), AS_OF + timedelta(days=1), [VIEW])


def ask(store: Any, ids: np.ndarray) -> Any:
    """Return Feast's response for ids."""
    return store.get_online_features([f"{VIEW}:vector"], {"item_id": ids.tolist()})


def vectors_of(response: Any) -> np.ndarray:
    """Return [n, dim] float32 of Feast's response."""
    return np.array(response.to_dict()["vector"], np.float32)
