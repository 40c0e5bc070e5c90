"""A Feast repository over one of our online stores, or Feast's sqlite, with one view of vectors and a tag."""

import pytest

from embedding_features.testing.online_store.repository import ENGINE, OnlineRepository
from embedding_features.testing.online_store.rows import DAY, DIM, T0, make_ids
from embedding_features.testing.online_store.rows import snapshot_table as table

__all__ = ["DAY", "DIM", "T0", "World", "make_ids", "make_world", "online_config", "table"]

STORE = "embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"
REDIS = "embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore"


def online_config(kind, root, redis=None):
    """``online_store`` of feature_store.yaml; ``redis`` is a server's connection string."""
    if kind == "redis":
        return {"type": REDIS, "connection_string": redis, "lock_seconds": 1, "timeout_seconds": 2}
    return {"type": STORE, "path": "online"} if kind == "snapshot" else {"type": kind, "path": f"{root}/o.db"}


class World(OnlineRepository):
    """A repository; ``kind`` is the online store: snapshot, redis or sqlite."""

    def __init__(self, root, id_type="int64", ours=True, kind=None, redis=None, **settings):
        kind = kind or ("snapshot" if ours else "sqlite")
        engine = "local" if kind == "sqlite" else ENGINE
        online = online_config(kind, root, redis)
        super().__init__(root, online, id_type=id_type, engine=engine, **settings)


@pytest.fixture(params=["snapshot", "redis"])
def make_world(request, tmp_path):
    """``make_world(name, **settings)``: a repository over each of our stores; a name again reopens it."""
    redis = request.getfixturevalue("redis_address") if request.param == "redis" else None

    def make(name="w", **settings):
        return World(tmp_path / name, kind=request.param, redis=redis, project=name, **settings)

    return make
