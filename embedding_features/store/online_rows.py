"""How many rows of a snapshot the online store holds: the truth about a materialization, not its log."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from feast import FeatureStore, FeatureView
from feast.infra.online_stores.helpers import compute_table_id
from feast.infra.online_stores.sqlite import SqliteOnlineStoreConfig

from embedding_features.errors import StoreError


def online_rows(store: FeatureStore, repo: Path, view: FeatureView, as_of: datetime) -> int:
    """Entities with every feature of this view version stored as of ``as_of``.

    Raises:
        StoreError: when the repository's online store is not SQLite.
    """
    config = store.config.online_store
    if not isinstance(config, SqliteOnlineStoreConfig):
        raise StoreError(
            f"cannot count the rows of an online store of type {config.type!r}",
            fix="use SQLite, or bring the values online with `feast materialize`",
        )
    path = repo.resolve() / config.path
    if not path.is_file():
        return 0
    table = '"' + compute_table_id(store.project, view, True).replace('"', '""') + '"'
    # Feast stores whole seconds, and takes UTC for the time of this process's zone: so does this
    moment = int(as_of.astimezone(UTC).replace(tzinfo=None).timestamp())
    query = f"SELECT feature_name, count(*) FROM {table} WHERE event_ts = ? GROUP BY 1"  # noqa: S608
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            counts = dict(connection.execute(query, (moment,)).fetchall())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return 0
            raise StoreError(
                f"{path} cannot be read: {error}", fix="see whether another process holds it"
            ) from None
    return min((counts.get(field.name, 0) for field in view.features), default=0)
