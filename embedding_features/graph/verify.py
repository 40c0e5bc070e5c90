"""The leak check: a graph's or snapshot's edges must stand in the logs, none later than its moment."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from embedding_features.errors import GraphError, LeakError
from embedding_features.graph.build import build_graph
from embedding_features.graph.csr import CSR
from embedding_features.graph.edge_summary import EdgeSummary, edge_summary
from embedding_features.graph.edges import edge_rows
from embedding_features.graph.graph import Graph
from embedding_features.graph.schema import GraphSchema
from embedding_features.sources.moment import as_moment, check_time, from_microseconds, to_microseconds
from embedding_features.sources.sql import connection


@dataclass(frozen=True)
class EdgeCheck:
    """Compares a relation's edges as recorded with those that the logs have at the same moment.

    Attributes:
        recorded: edges of the graph or snapshot.
        logs: edges that the logs have at as_of; more than recorded when rows arrived late.
        recorded_last: latest recorded time, None without time.
        logs_last: latest time ≤ as_of in the logs, None without time.
    """

    recorded: int
    logs: int
    recorded_last: datetime | None
    logs_last: datetime | None


def verify_as_of(
    schema: GraphSchema | str | Path,
    recorded: Graph | EdgeSummary,
    as_of: datetime | str | None = None,
) -> dict[str, EdgeCheck]:
    """Check what was recorded against the logs at ``as_of``, and return a comparison of each relation.

    A record of counts and times, such as a manifest's, is compared by these. A graph is compared edge by edge
    with one built from the logs anew, which a leak of as many edges as were lost cannot pass. Where
    duplicates are merged, a row that reached the logs late changes its pair's edge and cannot pass either.

    Args:
        schema: where the logs are.
        recorded: a graph, or relation → (edges, earliest, latest).
        as_of: the moment it claims; a graph's own by default.

    Raises:
        LeakError: when a recorded edge is later than as_of, or the logs do not have it at as_of.
        GraphError: when a record comes without as_of, or the schema lacks a recorded relation.
    """
    if not isinstance(schema, GraphSchema):
        schema = GraphSchema.load(schema)
    if as_of is None:
        if not isinstance(recorded, Graph):
            raise GraphError("a record of edges without its moment", fix="give as_of")
        as_of = recorded.as_of
    moment = as_moment(as_of)
    summary = edge_summary(recorded) if isinstance(recorded, Graph) else recorded
    checks = _compare(schema, summary, moment)
    if isinstance(recorded, Graph):
        _compare_edges(schema, recorded, moment)
    return checks


def may_be_empty(schema: GraphSchema) -> GraphSchema:
    """Return a schema by which any relation may be empty, as logs may be of which rows were deleted."""
    relations = {n: r.model_copy(update={"allow_empty": True}) for n, r in schema.relations.items()}
    return schema.model_copy(update={"relations": relations})


def _compare(schema: GraphSchema, summary: EdgeSummary, as_of: datetime) -> dict[str, EdgeCheck]:
    checks = {}
    with connection(schema.folder) as con:
        for name, (count, _, latest) in summary.items():
            last = None if latest is None else as_moment(latest)
            if name not in schema.relations:
                raise GraphError(f"the schema has no relation {name!r}", fix="use the schema it was built by")
            if last is not None:
                check_time(name, to_microseconds(last), as_of)
            logs, logs_last = _recount(con, schema, name, as_of)
            if count > logs:
                raise LeakError(
                    f"relation {name!r} has {count} edges recorded, and the logs have {logs} as of "
                    f"{as_of.isoformat()}",
                    fix="build the graph again; if rows were deleted from the logs, this is what shows it",
                )
            if last is not None and (logs_last is None or last > logs_last):
                raise LeakError(
                    f"relation {name!r} has an edge at {last.isoformat()} recorded; the logs' latest as of "
                    f"{as_of.isoformat()} is {logs_last and logs_last.isoformat()}",
                    fix="build the graph again",
                )
            checks[name] = EdgeCheck(count, logs, last, logs_last)
    return checks


def _recount(con: Any, schema: GraphSchema, name: str, as_of: datetime) -> tuple[int, datetime | None]:
    rows = edge_rows(con, schema, name, as_of)
    pairs = schema.relations[name].duplicates != "keep"
    counted = f"count({'DISTINCT (src, dst)' if pairs else '*'}), max(time)"
    ((count, last),) = rows.fetch(con, counted, "WHERE known")
    return count, None if last is None else from_microseconds(last)


def _compare_edges(schema: GraphSchema, graph: Graph, as_of: datetime) -> None:
    """Check edges one by one: built anew on the graph's own vocabularies, equal edges are equal rows."""
    rebuilt = build_graph(may_be_empty(schema), as_of, parent=replace(graph, as_of=as_of))
    if rebuilt.fingerprint == graph.fingerprint:
        return
    for name, relation in graph.relations.items():
        foreign = _missing(_edge_table(relation.forward), _edge_table(rebuilt.relations[name].forward), name)
        if foreign:
            raise LeakError(
                f"relation {name!r} has {foreign} edges that the logs do not have as of {as_of.isoformat()}",
                fix="build the graph again; if rows of the logs were changed since, this is what shows it",
            )


def _missing(recorded: pa.Table, logs: pa.Table, name: str) -> int:
    """Return the number of edges, with times and weights, of which ``recorded`` has more than ``logs``."""
    if recorded.column_names != logs.column_names:
        raise GraphError(
            f"relation {name!r} has {recorded.column_names} and by the schema {logs.column_names}",
            fix="use the schema it was built by",
        )
    with duckdb.connect(":memory:") as con:
        con.register("recorded", recorded)
        con.register("logs", logs)
        sql = "SELECT count(*) FROM (FROM recorded EXCEPT ALL FROM logs)"
        return int(con.execute(sql).fetchone()[0])


def _edge_table(csr: CSR) -> pa.Table:
    columns = {"src": csr.sources(), "dst": csr.indices, "time": csr.time, "weight": csr.weight}
    return pa.table({name: array for name, array in columns.items() if array is not None})
