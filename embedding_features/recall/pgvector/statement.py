"""A search as SQL: names quoted, values bound."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from psycopg import sql

from embedding_features.arrays import F32, I64
from embedding_features.ids import Ids
from embedding_features.recall.catalogue import as_ids
from embedding_features.recall.filters import own_lists
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.pgvector.tables import OPERATORS

COLUMNS = sql.SQL("row, id, vector_send(vector)")


@dataclass(frozen=True)
class Statement:
    """One statement for all queries, with the values of each.

    Attributes:
        near: by the graph, where there is one and the planner does not find a filter narrow enough to do
            without; may give fewer rows than there are.
        exact: the same by comparing all rows that the filters leave.
        values: of each query.
    """

    near: sql.Composed
    exact: sql.Composed
    values: list[dict[str, Any]]


def statement(
    table: sql.Identifier,
    manifest: IndexManifest,
    vectors: F32,
    limit: int,
    *,
    allow: Ids | None,
    deny: Ids | None,
    partition: str | None,
    own: I64 | None,
) -> Statement:
    """The ``limit`` nearest of each query among the rows its filters leave.

    Raises:
        DataError: as :func:`.filters.settle`.
    """
    start, stop = manifest.span(partition)
    shared: dict[str, Any] = {"limit": limit, "start": start, "stop": stop}
    values: list[dict[str, Any]] = [{"query": str(one.tolist())} for one in vectors]
    wheres: list[sql.Composable] = []
    if partition is not None:
        wheres.append(sql.SQL("row >= %(start)s AND row < %(stop)s"))
    array = sql.SQL("bigint[]" if manifest.id_type == "int64" else "text[]")
    filters: list[tuple[Literal["allow", "deny"], Ids | None, sql.SQL]] = [
        ("allow", allow, sql.SQL("id = ANY({}::{})")),
        ("deny", deny, sql.SQL("id <> ALL({}::{})")),
    ]
    for name, ids, rule in filters:
        if ids is None:
            continue
        wheres.append(rule.format(sql.Placeholder(name), array))
        for query, one in enumerate(_lists(ids, len(vectors), manifest, name)):
            values[query][name] = one
    if own is not None:
        wheres.append(sql.SQL("row <> %(own)s"))
        for query, row in enumerate(own.tolist()):
            values[query]["own"] = row
    operator = sql.SQL(OPERATORS[manifest.space.metric][0])
    distance = sql.SQL("vector {} %(query)s::vector").format(operator)
    # The cosine of a zero vector is not a number here and 0 for us; and no index is sorted by this.
    number = sql.SQL("coalesce(nullif({}, 'NaN'::float8), 1), row").format(distance)
    where = sql.SQL(" WHERE ") + sql.SQL(" AND ").join(wheres) if wheres else sql.SQL("")
    near, exact = (
        sql.SQL("SELECT {} FROM {}{} ORDER BY {} LIMIT %(limit)s").format(COLUMNS, table, where, order)
        for order in (distance, number)
    )
    return Statement(near, exact, [{**shared, **one} for one in values])


def _lists(
    ids: Ids, queries: int, manifest: IndexManifest, what: Literal["allow", "deny"]
) -> list[list[Any]]:
    """The ids of each query's filter."""
    kind = pa.int64() if manifest.id_type == "int64" else pa.string()
    lists = own_lists(ids, queries, kind, what)
    if lists is None:
        return [as_ids(ids, kind, what).to_pylist()] * queries
    query, flat = lists
    bounds, values = np.searchsorted(query, np.arange(queries + 1)), flat.to_pylist()
    return [values[bounds[i] : bounds[i + 1]] for i in range(queries)]
