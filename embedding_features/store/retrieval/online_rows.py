"""Counts what the online store really holds: the truth about a materialization, not its log."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feast import FeatureStore, FeatureView
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.online_store import OnlineStore
from feast.infra.online_stores.sqlite import SqliteOnlineStoreConfig

from embedding_features.errors import StoreError
from embedding_features.sources.sql import quoted
from embedding_features.store.moments import micros
from embedding_features.store.online_stores.base import EmbeddingOnlineStore


def online_store_of(store: FeatureStore) -> OnlineStore:
    """Return the online store that Feast uses."""
    return store._get_provider().online_store


def online_file(store: FeatureStore, repo: Path) -> Path | None:
    """Return the SQLite file of a repository; None when its online store is another one."""
    config = store.config.online_store
    return repo.resolve() / config.path if isinstance(config, SqliteOnlineStoreConfig) else None


def is_online(store: FeatureStore, repo: Path, view: FeatureView) -> bool:
    """Return whether anything of this view version is online; True where it cannot be told."""
    ours = online_store_of(store)
    if isinstance(ours, EmbeddingOnlineStore):
        found = ours.describe(store.config, view)
        return found is not None and (found.stamp is not None or found.pushed > 0)
    path = online_file(store, repo)
    return path is None or bool(_select(path, store, view, "SELECT 1 FROM {} LIMIT 1", ()))


def online_rows(store: FeatureStore, repo: Path, view: FeatureView, as_of: datetime) -> int:
    """Return how many entities have every feature of this view version stored as of ``as_of``.

    Pushed ones are not counted.

    Raises:
        StoreError: when the repository's online store is neither SQLite nor one of this library.
    """
    ours = online_store_of(store)
    if isinstance(ours, EmbeddingOnlineStore):
        found = ours.describe(store.config, view)
        of_that_moment = found is not None and found.stamp is not None and found.stamp[0] == micros(as_of)
        return found.entities if found is not None and of_that_moment else 0
    path = online_file(store, repo)
    if path is None:
        raise StoreError(
            f"cannot count the rows of an online store of type {store.config.online_store.type!r}",
            fix="use SQLite or a store of this library, or bring the values online with `feast materialize`",
        )
    query = "SELECT feature_name, count(*) FROM {} WHERE event_ts = ? GROUP BY 1"
    counts = dict(_select(path, store, view, query, (_sqlite_time(as_of),)))
    return min((counts.get(field.name, 0) for field in view.features), default=0)


def has_table(store: FeatureStore, repo: Path, view: FeatureView) -> bool:
    """Return whether the online store has a place for this view version; True where it cannot be told."""
    ours = online_store_of(store)
    if isinstance(ours, EmbeddingOnlineStore):
        return ours.describe(store.config, view) is not None
    path = online_file(store, repo)
    return path is None or bool(_select(path, store, view, "SELECT count(*) FROM {}", ()))


def other_rows(store: FeatureStore, repo: Path, view: FeatureView, as_of: datetime) -> tuple[int, int]:
    """Return how many entities SQLite has from before ``as_of``, and from after it: pushed ones.

    They are (0, 0) for other stores: those of this library replace a snapshot whole, and keep pushes apart.

    (0, 0) for other stores: those of this library replace a snapshot whole, and keep pushes apart.
    """
    path = online_file(store, repo)
    if path is None:
        return 0, 0
    moment = _sqlite_time(as_of)
    query = "SELECT count(DISTINCT entity_key) FROM {} WHERE event_ts "
    before = _select(path, store, view, query + "< ?", (moment,))
    after = _select(path, store, view, query + "> ?", (moment,))
    return (int(before[0][0]), int(after[0][0])) if before and after else (0, 0)


def _sqlite_time(moment: datetime) -> int:
    """Return a moment as Feast stores it.

    Feast stores whole seconds, and takes UTC for the time of this process's zone.
    """
    return int(moment.astimezone(UTC).replace(tzinfo=None).timestamp())


def _select(
    path: Path, store: FeatureStore, view: FeatureView, query: str, values: tuple[int, ...]
) -> list[tuple[Any, ...]]:
    """Return the rows of a query whose ``{}`` is the view's table; none when there is no such table."""
    if not path.is_file():
        return []
    table = quoted(compute_table_id(store.project, view, True))
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query.format(table), values).fetchall()
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return []
        fix = "give this user the right to it; if it is damaged, remove it and materialize again"
        raise StoreError(f"{path} cannot be read: {error}", fix=fix) from None
