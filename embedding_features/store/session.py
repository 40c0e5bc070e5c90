"""Feast's store objects of a repository: opened once, and changed in one step."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from feast import FeatureStore
from feast.repo_config import RepoConfig, load_repo_config

from embedding_features.errors import StoreError
from embedding_features.store.outside_errors import feast_errors, file_errors
from embedding_features.store.published import snapshots_root
from embedding_features.store.registries import database_file, registry_path, with_whole_path

_REBUILD = "remove the registry file and apply again: it is rebuilt from the published snapshots"


def _config(repo: Path) -> RepoConfig:
    """Return the settings of a repository, read by Feast."""
    settings = snapshots_root(repo).parents[1] / "feature_store.yaml"
    with feast_errors(f"reading {settings}", fix="correct the settings named above"):
        config = load_repo_config(settings.parent, settings)
        return with_whole_path(config, settings.parent)


def registry_file(repo: Path) -> Path | None:
    """Return the registry file of a repository, there or not; None for one in an SQL database.

    Raises:
        StoreError: when the repository has a registry of another kind.
    """
    return registry_path(_config(repo), repo)


@lru_cache(maxsize=4)
def _opened(repo: Path, stamp: tuple[int, ...]) -> FeatureStore:  # noqa: ARG001
    """Return the store of a repository; the stamp says that its files are still the same."""
    config = _config(repo)
    with feast_errors("opening the registry", fix=_fix(config, repo)):
        store = FeatureStore(repo_path=str(repo), config=config)
        store.list_entities()  # a registry is read when it is first used
        return store


def _fix(config: RepoConfig, repo: Path) -> str:
    """Return what to do about a registry that cannot be read."""
    return _REBUILD if registry_path(config, repo) else "see that the database of feature_store.yaml answers"


def applied_store(repo: Path) -> FeatureStore | None:
    """Return the store of a repository for reading; None before an apply.

    It is opened anew only when the repository's files changed.

    Raises:
        StoreError: when the registry cannot be read.
    """
    config = _config(repo)
    path = registry_path(config, repo)
    file = path or database_file(config)
    if file is not None and not file.is_file():
        return None
    # SQLite's file belongs to the stamp: an open store would go on reading one that was removed
    online = repo.resolve() / str(getattr(config.online_store, "path", ""))
    times = [f.stat().st_mtime_ns for f in (path, repo / "feature_store.yaml") if f is not None]
    inodes = [f.stat().st_ino for f in (file, repo / "feature_store.yaml", online) if f and f.is_file()]
    store = _opened(repo.resolve(), (*times, *inodes))
    if path is not None:
        return store
    with feast_errors("reading the registry", fix=_fix(config, repo)):
        store.registry.refresh(store.project)
        return store if store.registry.list_entities(store.project, allow_cache=True) else None


def open_store(repo: Path) -> FeatureStore:
    """Return what :func:`applied_store` does, where something is applied.

    Raises:
        StoreError: when nothing is, or the registry cannot be read.
    """
    store = applied_store(repo)
    if store is None:
        raise StoreError(f"nothing is applied in {repo}", fix="publish a snapshot first")
    return store


def stale_registries(registry: Path) -> list[Path]:
    """Return copies of a registry file that killed processes left, while nobody holds the lock."""
    return sorted(registry.parent.glob(f".{registry.name}.*.tmp"))


@contextmanager
def changed_store(repo: Path) -> Iterator[FeatureStore]:
    """Open a store whose registry may be changed. Hold :func:`.locked` around this.

    Feast writes a registry file in place, and a process killed meanwhile would leave a torn one: so the store
    is on a copy, which replaces the registry when the block ends well. A database takes change by change: one
    that is missing after a kill comes with the next publication, or ``doctor --fix``.
    """
    config = _config(repo)
    registry = registry_path(config, repo)
    if registry is None:
        config.registry.cache_mode = "sync"  # what was just written is read: a service's views
        yield _writing(config, repo)
        return
    with file_errors(f"writing {registry}"):
        registry.parent.mkdir(parents=True, exist_ok=True)
        for stale in stale_registries(registry):
            stale.unlink()
    copy = registry.parent / f".{registry.name}.{uuid.uuid4().hex}.tmp"
    try:
        with file_errors(f"writing {copy}"):
            if registry.is_file():
                shutil.copyfile(registry, copy)
        config.registry.path = str(copy)
        yield _writing(config, repo)
        copy.replace(registry)
    finally:
        copy.unlink(missing_ok=True)


def _writing(config: RepoConfig, repo: Path) -> FeatureStore:
    """Return a store for changes."""
    with feast_errors("opening the registry", fix=_fix(config, repo)):
        store = FeatureStore(config=config)
        store.list_entities()
        return store
