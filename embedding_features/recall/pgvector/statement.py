"""The SQL of a search: names quoted, values bound."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from psycopg import sql

from embedding_features.arrays import F32
from embedding_features.artifact import Metric
from embedding_features.ids import Ids, as_ids
from embedding_features.recall.id_lists import ids_per_query
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.pgvector.tables import OPERATORS
from embedding_features.recall.queries import Filter

COLUMNS = sql.SQL("row, id, vector_send(vector)")


@dataclass(frozen=True)
class Statement:
    """A statement that all queries share, with the values of each query.

    Attributes:
        near: searches by the graph, where there is one and the planner does not find a filter narrow enough
            to do without; may give fewer rows than there are.
        exact: compares all rows that the filters leave.
        values: the bound values of each query.
    """

    near: sql.Composed
    exact: sql.Composed
    values: list[dict[str, Any]]


def make_statement(
    table: sql.Identifier,
    manifest: IndexManifest,
    vectors: F32,
    limit: int,
    wanted: Filter,
) -> Statement:
    """Make the statement for the ``limit`` nearest of each query among the rows that its filters leave.

    Args:
        table: of the index.
        manifest: of the index.
        vectors: [q, dim] the queries.
        limit: rows wanted of each.
        wanted: the filter of all queries.

    Raises:
        DataError: on an unknown partition, ids of another type, nulls, or a wrong number of lists.
    """
    start, stop = manifest.span(wanted.partition)
    shared: dict[str, Any] = {"limit": limit, "start": start, "stop": stop}
    values: list[dict[str, Any]] = [{"query": str(one.tolist())} for one in vectors]
    wheres: list[sql.Composable] = []
    if wanted.partition is not None:
        wheres.append(sql.SQL("row >= %(start)s AND row < %(stop)s"))
    array = sql.SQL("bigint[]" if manifest.id_type == "int64" else "text[]")
    filters: list[tuple[Literal["allow", "deny"], Ids | None, sql.SQL]] = [
        ("allow", wanted.allow, sql.SQL("id = ANY({}::{})")),
        ("deny", wanted.deny, sql.SQL("id <> ALL({}::{})")),
    ]
    for name, ids, rule in filters:
        if ids is None:
            continue
        wheres.append(rule.format(sql.Placeholder(name), array))
        for query, one in enumerate(_lists(ids, len(vectors), manifest, name)):
            values[query][name] = one
    if wanted.own_rows is not None:
        wheres.append(sql.SQL("row <> %(own_row)s"))
        for query, row in enumerate(wanted.own_rows.tolist()):
            values[query]["own_row"] = row
    where = sql.SQL(" WHERE ") + sql.SQL(" AND ").join(wheres) if wheres else sql.SQL("")
    near, exact = (
        sql.SQL("SELECT {} FROM {}{} ORDER BY {} LIMIT %(limit)s").format(COLUMNS, table, where, order)
        for order in _orders(manifest.space.metric)
    )
    return Statement(near, exact, [{**shared, **one} for one in values])


def _orders(metric: Metric) -> tuple[sql.Composed, sql.Composed]:
    """Return expressions to sort by: the distance, by which a graph finds rows, and one that no graph has."""
    distance = sql.SQL("vector {} %(query)s::vector").format(sql.SQL(OPERATORS[metric][0]))
    # The cosine of a zero vector is not a number there and 0 for us.
    return distance, sql.SQL("coalesce(nullif({}, 'NaN'::float8), 1), row").format(distance)


def _lists(
    ids: Ids, queries: int, manifest: IndexManifest, name: Literal["allow", "deny"]
) -> list[list[Any]]:
    """Return the ids of each query's filter."""
    kind = pa.int64() if manifest.id_type == "int64" else pa.string()
    lists = ids_per_query(ids, queries, kind, name)
    if lists is None:
        return [as_ids(ids, kind, name).to_pylist()] * queries
    query, flat = lists
    bounds, values = np.searchsorted(query, np.arange(queries + 1)), flat.to_pylist()
    return [values[bounds[i] : bounds[i + 1]] for i in range(queries)]
