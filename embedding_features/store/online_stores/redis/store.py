"""An online store for Feast over Redis: snapshots switched in one step, pushes over them, arrays out.

    online_store:
      type: embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore
      connection_string: localhost:6379,db=0

Keys begin with ``ef:<project>:`` (:mod:`.hash`). Snapshots come by :class:`.ArrowEngine`, or by
:meth:`.EmbeddingOnlineStore.write_table`. Pushed rows are as durable as Redis is configured.
"""

from typing import Literal

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import compute_versioned_name
from feast.repo_config import FeastConfigBaseModel
from pydantic import PositiveFloat
from typing_extensions import override

from embedding_features.store.online_stores.base import EmbeddingOnlineStore
from embedding_features.store.online_stores.names import key_part
from embedding_features.store.online_stores.redis.address import Address
from embedding_features.store.online_stores.redis.hash import index_of
from embedding_features.store.online_stores.redis.server import RedisServer
from embedding_features.store.online_stores.redis.view import RedisView


class RedisEmbeddingOnlineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]
    """Holds the settings ``online_store`` of ``feature_store.yaml``.

    Attributes:
        type: the class path of the store.
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
    """Serves packed rows from Redis, one hash a view version."""

    def __init__(self) -> None:
        self._servers: dict[tuple[str, float], RedisServer] = {}
        self._views: dict[tuple[RedisServer, str, str], RedisView] = {}

    async def close(self) -> None:
        """Give the connections back; the next call opens new ones."""
        for server in self._servers.values():
            server.close()

    @override
    def _view(self, config: RepoConfig, view: FeatureView) -> RedisView:
        versioned = compute_versioned_name(view, config.registry.enable_online_feature_view_versioning)
        return self._named(config, f"{key_part(view.name)}:{key_part(versioned)}")

    @override
    def _remove_view(self, config: RepoConfig, view: FeatureView) -> None:
        self._remove(config, f"{key_part(view.name)}:")

    @override
    def _remove_project(self, config: RepoConfig) -> None:
        self._remove(config, "")

    def _remove(self, config: RepoConfig, prefix: str) -> None:
        for name in sorted(self._server(config).run("SMEMBERS", index_of(_project(config)))):
            if name.decode().startswith(prefix):
                self._named(config, name.decode()).remove()

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
    """Return what all keys of the project begin with."""
    return f"ef:{key_part(config.project)}"
