"""The index that a schema says is in use: published, followed, rolled back."""

from collections.abc import Mapping
from typing import Any

from psycopg import errors, sql

from embedding_features.artifact import Metric, Snapshot, Space, check_space
from embedding_features.config import parse_config
from embedding_features.errors import SnapshotError
from embedding_features.ids import Ids
from embedding_features.progress import SILENT, Progress
from embedding_features.recall.interface import check_positive
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.pgvector import tables
from embedding_features.recall.pgvector.connections import Connections
from embedding_features.recall.pgvector.index import PgVectorIndex
from embedding_features.recall.settings import HNSW, RecallSettings
from embedding_features.recall.source import read_source


class LivePgVectorIndex:
    """Manages the indexes of a node type in a schema, one of which is in use.

    Another one takes its place in one transaction.

    Args:
        connections: to the server; pgvector must be 0.8 or later.
        node_type: of the nodes to find.
        schema: where the tables lie, made by the first :meth:`publish`.
        space: the space of the queries; an index of another one is refused. None for any.
    """

    def __init__(
        self, connections: Connections, node_type: str, *, schema: str = "recall", space: Space | None = None
    ) -> None:
        self._connections, self._node_type, self._schema = connections, node_type, schema
        self._space = space
        self._seen: PgVectorIndex | None = None

    def current(self) -> PgVectorIndex:
        """Return the index in use, which the server is asked for at every call.

        An index stays usable while it is kept on the server.

        Raises:
            CompatibilityError: when it is of another space.
            SnapshotError: when nothing was published.
            StoreError: when the server is not reached.
        """
        missing = SnapshotError(
            f"no {self._node_type} index was published in the schema {self._schema!r}", fix="publish one"
        )
        with self._connections.transaction() as connection:
            try:
                found = connection.execute(
                    sql.SQL("SELECT name, manifest FROM {} WHERE node_type = %s AND current").format(
                        self._indexes
                    ),
                    [self._node_type],
                ).fetchone()
            except errors.UndefinedTable:
                raise missing from None
        if found is None:
            raise missing
        seen, name = self._seen, str(found[0])
        if seen is None or seen.table != name:
            manifest = parse_config(found[1], IndexManifest, f"the manifest of {self._schema}.{name}")
            if self._space is not None:
                check_space(self._space, manifest.space)
            self._seen = seen = PgVectorIndex(self._connections, self._schema, name, manifest)
        return seen

    def publish(
        self,
        snapshot: Snapshot,
        settings: RecallSettings | None = None,
        *,
        metric: Metric | None = None,
        partitions: Mapping[Any, str] | Ids | None = None,
        keep: int = 2,
        progress: Progress = SILENT,
    ) -> PgVectorIndex:
        """Index a snapshot on the server and put it to use, in one transaction. Another writer waits.

        Args:
            snapshot: where the vectors lie.
            settings: :class:`HNSW`, also when None, or :class:`Exact`.
            metric: as in :meth:`.RecallIndex.build`, errors likewise.
            partitions: as in :meth:`.RecallIndex.build`, errors likewise.
            keep: how many tables stay: this one and the newest before it, to :meth:`point` back to.
            progress: where the vectors written are reported.

        Raises:
            ConfigError: when pgvector has no such index.
            StoreError: when the server is not reached, has no pgvector, or refuses an id.
        """
        check_positive("keep", keep)
        settings = settings or HNSW()
        tables.check_settings(settings, snapshot.manifest.space.dim)
        if self._space is not None:
            check_space(self._space, snapshot.manifest.space)
        source = read_source(snapshot, self._node_type, settings, metric=metric, partitions=partitions)
        with self._connections.transaction() as connection:
            tables.prepare(connection, self._schema)
            name = tables.write(connection, self._schema, source, progress)
            connection.execute(
                sql.SQL("INSERT INTO {} VALUES (%s, %s, %s, clock_timestamp(), false)").format(self._indexes),
                [name, self._node_type, source.manifest.model_dump_json()],
            )
            self._set_current(connection, name)
            old = connection.execute(
                sql.SQL(
                    "DELETE FROM {0} WHERE name IN (SELECT name FROM {0} WHERE node_type = %s "
                    "AND NOT current ORDER BY published DESC OFFSET %s) RETURNING name"
                ).format(self._indexes),
                [self._node_type, keep - 1],
            ).fetchall()
            for (gone,) in old:
                connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(self._schema, str(gone))))
        return PgVectorIndex(self._connections, self._schema, name, source.manifest)

    def point(self, table: str) -> None:
        """Put a published index to use: a roll back, or forward again.

        Raises:
            SnapshotError: when there is no such table; the one in use stays.
        """
        with self._connections.transaction() as connection:
            self._set_current(connection, table)

    def _set_current(self, connection: Any, table: str) -> None:
        """Mark one table as the index in use; refuses as :meth:`point` does."""
        changed = connection.execute(
            sql.SQL("UPDATE {} SET current = (name = %s) WHERE node_type = %s RETURNING current").format(
                self._indexes
            ),
            [table, self._node_type],
        ).fetchall()
        if (True,) not in changed:
            raise SnapshotError(
                f"the schema {self._schema!r} has no {self._node_type} index {table!r}",
                fix="publish it again",
            )

    @property
    def _indexes(self) -> sql.Identifier:
        """Name of the table that lists the indexes."""
        return sql.Identifier(self._schema, "indexes")
