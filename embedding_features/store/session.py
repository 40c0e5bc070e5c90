"""Feast's store objects: opened once, changed in one step, and quiet."""

import atexit
import fcntl
import gc
import io
import shutil
import sys
import threading
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import lru_cache
from pathlib import Path

from feast import FeatureStore
from feast.repo_config import RepoConfig, load_repo_config

from embedding_features.errors import EmbeddingFeaturesError, StoreError
from embedding_features.store.published import snapshots_root

#: warnings and stdout belong to the whole process: two threads that swap them would leave them swapped
_QUIET = threading.RLock()
_REBUILD = "remove the registry file and apply again: it is rebuilt from the published snapshots"


@atexit.register
def _disconnect() -> None:
    """Close ibis' DuckDB, which Feast's offline store leaves open, or the exit prints pages of leaks."""
    ibis = sys.modules.get("ibis")
    if ibis is not None and ibis.options.default_backend is not None:
        ibis.options.default_backend.disconnect()
        ibis.options.default_backend = None
        gc.collect()


@contextmanager
def feast_errors(doing: str, fix: str = "see the message of Feast above") -> Iterator[None]:
    """Run Feast without its prints and warnings; what it raises becomes a StoreError."""
    try:
        with _QUIET, warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except EmbeddingFeaturesError:
        raise
    except Exception as error:  # Feast raises whatever its backends raise
        raise StoreError(f"Feast failed {doing}: {type(error).__name__}: {error}", fix=fix) from error


def _config(repo: Path) -> RepoConfig:
    snapshots_root(repo)
    with feast_errors(f"reading {repo / 'feature_store.yaml'}", fix="correct the settings named above"):
        return load_repo_config(repo.resolve(), repo.resolve() / "feature_store.yaml")


def _registry_file(config: RepoConfig, repo: Path) -> Path:
    if config.registry.registry_type != "file":
        raise StoreError(
            f"a registry of type {config.registry.registry_type!r}",
            fix="use a file registry in feature_store.yaml",
        )
    return repo.resolve() / str(config.registry.path)


def registry_file(repo: Path) -> Path:
    """The registry file of a repository, there or not.

    Raises:
        StoreError: when the repository has a registry of another kind.
    """
    return _registry_file(_config(repo), repo)


@lru_cache(maxsize=4)
def _opened(repo: Path, stamp: tuple[int, ...]) -> FeatureStore:  # noqa: ARG001
    with feast_errors("opening the registry", fix=_REBUILD):
        store = FeatureStore(repo_path=str(repo))
        store.list_entities()  # a registry is read when it is first used
        return store


def open_store(repo: Path) -> FeatureStore:
    """The store of a repository for reading; opened anew only when its files changed.

    Raises:
        StoreError: when there is no registry yet, or it cannot be read.
    """
    config = _config(repo)
    path = _registry_file(config, repo)
    if not path.is_file():
        raise StoreError(f"nothing is applied in {repo}: no {path}", fix="publish a snapshot first")
    # SQLite's file belongs to the stamp: an open store would go on reading one that was removed
    online = repo.resolve() / str(getattr(config.online_store, "path", ""))
    found = [file.stat() for file in (path, repo / "feature_store.yaml", online) if file.is_file()]
    return _opened(repo.resolve(), (*(f.st_mtime_ns for f in found[:2]), *(file.st_ino for file in found)))


@contextmanager
def locked(repo: Path) -> Iterator[None]:
    """Hold the repository's lock: one publish or materialization at a time. A killed holder frees it."""
    data = snapshots_root(repo).parent
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_locked(repo: Path) -> bool:
    """Whether somebody publishes or materializes here now."""
    path = snapshots_root(repo).parent / ".lock"
    if not path.is_file():
        return False
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def stale_registries(registry: Path) -> list[Path]:
    """Copies of a registry file that killed processes left, while nobody holds the lock."""
    return sorted(registry.parent.glob(f".{registry.name}.*.tmp"))


@contextmanager
def changed_store(repo: Path) -> Iterator[FeatureStore]:
    """A store on a copy of the registry, which replaces the registry when the block ends well.

    Feast writes its registry in place: a process killed meanwhile would leave a torn file. Hold
    :func:`locked` around this.
    """
    config = _config(repo)
    registry = _registry_file(config, repo)
    registry.parent.mkdir(parents=True, exist_ok=True)
    for stale in stale_registries(registry):
        stale.unlink()
    copy = registry.parent / f".{registry.name}.{uuid.uuid4().hex}.tmp"
    try:
        if registry.is_file():
            shutil.copyfile(registry, copy)
        config.registry.path = str(copy)
        with feast_errors("opening the registry", fix=_REBUILD):
            store = FeatureStore(config=config)
            store.list_entities()
        yield store
        copy.replace(registry)
    finally:
        copy.unlink(missing_ok=True)
