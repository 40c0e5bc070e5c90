"""An index whose vectors lie on the server."""

from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import errors, sql

from embedding_features.arrays import F32, I64
from embedding_features.errors import StoreError
from embedding_features.ids import Ids, as_ids
from embedding_features.recall.approximate import DOT_DEPTH
from embedding_features.recall.interface import VectorIndex, check_known
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.pgvector.connections import Connection, Connections
from embedding_features.recall.pgvector.statement import COLUMNS, make_statement
from embedding_features.recall.pgvector.tables import from_binary
from embedding_features.recall.queries import Filter, Hits
from embedding_features.recall.rank import rank
from embedding_features.recall.settings import HNSW

#: fetched beyond k, so that the exact score decides the last place, not the server's rounding
_SPARE = 4
_MOST_EF = 1000

#: row, id and vector
_Found = list[tuple[Any, ...]]


class PgVectorIndex(VectorIndex):
    """Searches vectors on the server; immutable, and made by :meth:`.LivePgVectorIndex.publish`.

    The server finds rows by distance; their scores are computed here, the same as those of a
    :class:`.RecallIndex`. Where its graph gives fewer than k rows under a filter, it compares all that the
    filter leaves.

    Attributes:
        table: name of the table.
    """

    def __init__(self, connections: Connections, schema: str, table: str, manifest: IndexManifest) -> None:
        self.manifest = manifest
        self.table = table
        self._connections = connections
        self._name = sql.Identifier(schema, table)
        self._kind = pa.int64() if manifest.id_type == "int64" else pa.string()

    def _rows_and_vectors(self, ids: Ids) -> tuple[I64, F32]:
        array = as_ids(ids, self._kind, "ids")
        asked = sql.SQL("SELECT {} FROM {} WHERE id = ANY(%(ids)s::{})").format(
            COLUMNS, self._name, sql.SQL("bigint[]" if self._kind == pa.int64() else "text[]")
        )
        with self._connections.transaction() as connection:
            (found,) = self._ask(connection, asked, [{"ids": array.to_pylist()}])
        position = {hit[1]: at for at, hit in enumerate(found)}
        at = np.fromiter((position.get(one, -1) for one in array.to_pylist()), np.int64, len(array))
        check_known(at, array, self.manifest)
        rows = np.array([hit[0] for hit in found], np.int64)
        return rows[at], from_binary([hit[2] for hit in found], self.manifest.space.dim)[at]

    def _search(self, vectors: F32, k: int, wanted: Filter) -> Hits:
        statement = make_statement(self._name, self.manifest, vectors, k + _SPARE, wanted)
        settings = self.manifest.settings
        with self._connections.transaction() as connection:
            breadth = max(settings.ef_search, k + _SPARE) if isinstance(settings, HNSW) else 1
            connection.execute(
                "SELECT set_config('hnsw.ef_search', %s, true), set_config('jit', 'off', true), "
                "set_config('hnsw.iterative_scan', 'relaxed_order', true), "
                "set_config('plan_cache_mode', 'force_custom_plan', true)",
                [str(min(breadth, _MOST_EF))],
            )
            if not isinstance(settings, HNSW) or self._is_deep(settings, k, statement.values):
                return self._best(self._ask(connection, statement.exact, statement.values), vectors, k)
            found = self._ask(connection, statement.near, statement.values)
            short = [query for query, hits in enumerate(found) if len(hits) < min(k, len(self))]
            again = self._ask(connection, statement.exact, [statement.values[query] for query in short])
        for query, hits in zip(short, again, strict=True):
            found[query] = hits
        return self._best(found, vectors, k)

    def _is_deep(self, settings: HNSW, k: int, values: list[dict[str, Any]]) -> bool:
        """Return whether denials make a search go deeper than a graph under inner product is good for."""
        denied = max((len(one.get("deny", ())) for one in values), default=0)
        deep = k + denied > settings.ef_search * DOT_DEPTH
        return deep and denied > 0 and self.manifest.space.metric == "dot"

    def _ask(self, connection: Connection, asked: sql.Composed, values: list[dict[str, Any]]) -> list[_Found]:
        """Return the rows that each of ``values`` gets from a statement; all are sent at once."""
        found: list[_Found] = []
        with connection.cursor(binary=True) as cursor:
            try:
                cursor.executemany(asked, values, returning=True)
                while len(found) < len(values):
                    found.append(cursor.fetchall())
                    cursor.nextset()
            except errors.UndefinedTable:
                raise StoreError(
                    f"the index of {self.manifest.run_id} is no longer on the server",
                    fix="ask for current() again",
                ) from None
        return found

    def _best(self, found: list[_Found], vectors: F32, k: int) -> Hits:
        """Return the k best of the rows found for each query, by exact score."""
        flat = [hit for hits in found for hit in hits]
        rows, first, number = np.unique(
            np.array([hit[0] for hit in flat], np.int64), return_index=True, return_inverse=True
        )
        values = from_binary([flat[at][2] for at in first], self.manifest.space.dim)
        pointers = np.concatenate([[0], np.cumsum([len(hits) for hits in found], dtype=np.int64)])
        none, empty = np.zeros(len(found) + 1, np.int64), np.empty(0, np.int64)
        l2 = self.manifest.space.metric == "l2"
        best, scores = rank(vectors, values, l2, pointers, number, none, empty, k)
        ids = pa.array([flat[at][1] for at in first], self._kind)
        best_rows = np.append(rows, -1)[best]  # -1 is the last
        return Hits(ids.take(pa.array(best.reshape(-1), mask=best.reshape(-1) < 0)), best_rows, scores)
