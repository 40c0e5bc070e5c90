"""Checks ``feature_store.yaml`` for settings with which Feast corrupts, stalls or forgets in silence."""

from collections.abc import Iterator

from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.repo_settings import RepoSettings

_FILE = "feature_store.yaml"


def slow_offline_store(deployed: Deployed) -> Iterator[Finding]:
    """Warn of Feast's ``file`` store: it joins by dask, which pickles every vector.

    It was measured to be over 100 × as slow.
    """
    kind = _type(deployed, "offline_store", "dask")
    if kind in ("file", "dask") or kind.endswith("DaskOfflineStore"):
        yield _warning(
            "slow-offline-store",
            f"offline_store {kind} pickles every vector",
            "offline_store: {type: embedding_features.store.offline.EmbeddingOfflineStore}",
        )


def ray_engine(deployed: Deployed) -> Iterator[Finding]:
    """Warn of Feast's Ray engine: of a view with a vector index it writes nothing, and says it did."""
    kind = _type(deployed, "batch_engine", "local")
    if kind == "ray.engine" or kind.endswith("RayComputeEngine"):
        yield _warning(
            "ray-engine",
            f"batch_engine {kind} may write nothing and say it succeeded",
            "batch_engine: {type: embedding_features.store.engine.ArrowEngine}",
        )


def row_engine(deployed: Deployed) -> Iterator[Finding]:
    """Warn of other engines, which write to this library's stores row by row: nothing is replaced whole."""
    online = _type(deployed, "online_store", "sqlite")
    if online.startswith("embedding_features.") and not _type(deployed, "batch_engine", "local").endswith(
        "ArrowEngine"
    ):
        yield _warning(
            "row-engine",
            "the batch_engine pushes rows over the snapshot, so what a new snapshot lacks stays online",
            "batch_engine: {type: embedding_features.store.engine.ArrowEngine}",
        )


def versions_off(deployed: Deployed) -> Iterator[Finding]:
    """Warn where versions are not kept online: a pin such as ``view@v2`` cannot be read."""
    registry = deployed.settings.get("registry")
    if isinstance(registry, dict) and registry.get("enable_online_feature_view_versioning") is True:
        return
    if deployed.runs or deployed.versions:
        yield _warning(
            "versions-off",
            "pinned services cannot be read: the registry keeps no versions online",
            "registry: {path: data/registry.db, enable_online_feature_view_versioning: true}",
        )


def sqlite_alias(deployed: Deployed) -> Iterator[Finding]:
    """Warn of the alias of Feast's SQLite store: ``feast apply`` drops the tables of earlier versions."""
    if deployed.runs and _type(deployed, "online_store", "sqlite") == "sqlite":
        yield _warning(
            "sqlite-alias",
            "with the alias sqlite, feast apply drops the online tables of earlier versions",
            "online_store: {type: embedding_features.store.online_stores.snapshot.SnapshotOnlineStore}",
        )


def stale_values(deployed: Deployed) -> Iterator[Finding]:
    """Warn of Feast's online stores where values have a ttl: they go on serving older ones."""
    online = _type(deployed, "online_store", "sqlite")
    if RepoSettings.of(deployed.repo).ttl_days and not online.startswith("embedding_features."):
        yield _warning(
            "ttl-ignored",
            f"online_store {online} serves values older than ttl_days as if they were good",
            "online_store: {type: embedding_features.store.online_stores.snapshot.SnapshotOnlineStore}",
        )


SETTINGS = (slow_offline_store, ray_engine, row_engine, versions_off, sqlite_alias, stale_values)


def _type(deployed: Deployed, section: str, default: str) -> str:
    value = deployed.settings.get(section) or default
    return str(value.get("type", default)) if isinstance(value, dict) else str(value)


def _warning(code: str, what: str, line: str) -> Finding:
    return Finding(code, "warning", what, _FILE, f"write {line}")
