"""Where a repository keeps its registry, a local file or an SQL database, and how a change of it is seen."""

import hashlib
import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from feast import FeatureStore
from feast.repo_config import RepoConfig

from embedding_features.errors import StoreError

_log = logging.getLogger(__name__)


class Watch(Protocol):
    """Looks for changes, for a client before each call."""

    def state(self) -> Hashable:
        """Return what is equal as long as nothing has changed."""


def registry_path(config: RepoConfig, repo: Path) -> Path | None:
    """Return the local file of a registry, there or not; None for one in an SQL database.

    Raises:
        StoreError: when the registry is of another kind.
    """
    kind, path = str(config.registry.registry_type), str(config.registry.path)
    if kind == "sql" or kind.endswith(".SqlRegistry"):
        return None
    if kind != "file" or "://" in path:
        what = f"a registry of type {kind!r}" if kind != "file" else f"a registry at {path}"
        raise StoreError(what, fix="use a local file or registry_type: sql in feature_store.yaml")
    return repo.resolve() / path


def with_whole_path(config: RepoConfig, repo: Path) -> RepoConfig:
    """Return settings whose SQLite registry is found from anywhere.

    SQLAlchemy takes a relative path from where the process was started. ``feast`` goes into the repository
    first, so relative means to the repository, as it does for a file.
    """
    if registry_path(config, repo) is None:
        from sqlalchemy import make_url

        for name in ("path", "read_path"):
            file = _sqlite_file(getattr(config.registry, name))
            if file is not None:
                url = make_url(getattr(config.registry, name)).set(database=str(repo.resolve() / file))
                setattr(config.registry, name, url.render_as_string(hide_password=False))
    return config


def database_file(config: RepoConfig) -> Path | None:
    """Return the file of a registry in SQLite; None for another one."""
    file = _sqlite_file(config.registry.path)
    return None if file is None else Path(file)


def _sqlite_file(url: str | None) -> str | None:
    """Return the file of an SQLite address; None for another one."""
    from sqlalchemy import make_url

    if not url:
        return None
    parsed = make_url(url)
    memory = parsed.database in (None, "", ":memory:")
    return None if memory or parsed.get_backend_name() != "sqlite" else parsed.database


@dataclass(frozen=True)
class WatchedFiles:
    """Watches local files: one that was written or replaced has another inode or time."""

    paths: Sequence[Path]

    def state(self) -> Hashable:
        """Return the inode and time of each; zeros where there is none."""
        states = []
        for path in self.paths:
            try:
                found = path.stat()
            except FileNotFoundError:
                states.append((0, 0))
            else:
                states.append((found.st_ino, found.st_mtime_ns))
        return tuple(states)


@dataclass
class WatchedDatabase:
    """Watches the views, services and entities in an SQL registry, and local files beside it.

    Its own times are whole seconds, in which much can happen: so the rows themselves are compared. While the
    database cannot be asked the last answer holds, as in Feast's own cache.
    """

    store: FeatureStore
    files: WatchedFiles
    _last: bytes = b""

    def state(self) -> Hashable:
        """Return a digest of the rows, and the state of the files."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._last = _digest(self.store)
        except SQLAlchemyError as error:
            _log.warning("the registry cannot be asked, what is known of it holds: %s", error)
        return self._last, self.files.state()


def watch_of(store: FeatureStore, repo: Path, online: Path | None) -> Watch:
    """Return the watch of a repository's registry, and of the file of its online store, if any."""
    registry = registry_path(store.config, repo)
    files = WatchedFiles([path for path in (registry, online) if path is not None])
    return files if registry is not None else WatchedDatabase(store, files)


def _digest(store: FeatureStore) -> bytes:
    """Return a digest of the project's rows."""
    from feast.infra.registry import sql
    from sqlalchemy import select

    digest = hashlib.sha256()
    with store.registry.read_engine.connect() as connection:
        for table in (sql.feature_views, sql.feature_services, sql.entities):
            rows = (
                select(table)
                .where(table.c.project_id == store.project)
                .order_by(table.primary_key.columns[0])
            )
            for row in connection.execute(rows):
                digest.update(repr(tuple(row)).encode())
    return digest.digest()
