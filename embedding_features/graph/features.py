"""Tables that describe nodes, read as of a moment and aligned with the vocabulary's rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from embedding_features.errors import GraphError
from embedding_features.graph.edges import nodes_table
from embedding_features.graph.report import FeatureReport
from embedding_features.graph.schema import FeatureTable, GraphSchema
from embedding_features.sources.as_of_rows import known_rows
from embedding_features.sources.columns import value_sql
from embedding_features.sources.counts import RowCounts, check_dropped, count_rows
from embedding_features.sources.moment import from_microseconds
from embedding_features.sources.open import open_source
from embedding_features.sources.sql import Subject, quoted


@dataclass(frozen=True)
class StagedFeatures:
    """A feature table whose known rows lie in a temporary table: id, time if any, value_0, value_1 and on."""

    subject: Subject
    schema: FeatureTable
    table: str
    counts: RowCounts

    @property
    def adds_nodes(self) -> bool:
        """Whether its ids join the catalogue: only those of a table that says since when it knows them."""
        return self.schema.timestamp is not None


def stage_features(
    con: Any, schema: GraphSchema, node_type: str, features: FeatureTable, table: str, as_of: datetime
) -> StagedFeatures:
    """Read a feature table as of a moment.

    Raises:
        GraphError: when the source breaks a rule of the schema, or an id stands in it twice (at one time).
    """
    subject, kind = Subject(f"features of {node_type!r}", GraphError), schema.nodes[node_type].id
    opened = open_source(con, features, subject, schema.folder, as_of)
    values = {f"value_{number}": value_sql(opened, name) for number, name in enumerate(features.columns)}
    rows = known_rows(opened, features, {"id": (features.id, kind)}, as_of, values=values)
    counts = count_rows(con, rows)
    check_dropped(rows, counts)
    rows.stage(con, table)
    keys = "id, time" if rows.has_time else "id"
    twice = con.execute(
        f"SELECT {keys}, count(*) FROM {table} GROUP BY {keys} HAVING count(*) > 1 ORDER BY ALL LIMIT 1"  # noqa: S608
    ).fetchone()
    if twice:
        when = f" at {from_microseconds(twice[1]).isoformat()}" if rows.has_time else ""
        raise subject.refusal(f"id {twice[0]!r} stands there {twice[-1]} times{when}", "keep one row")
    return StagedFeatures(subject, features, table, counts)


def align_features(con: Any, staged: StagedFeatures, node_type: str) -> tuple[pa.Table, FeatureReport]:
    """Return a table whose row r describes vocabulary row r, null where nothing is known, and its report."""
    nodes, names = quoted(nodes_table(node_type)), staged.schema.columns
    newest = f"SELECT *, true AS present FROM {staged.table}"  # noqa: S608 - a name of ours
    if staged.adds_nodes:
        newest += " QUALIFY row_number() OVER (PARTITION BY id ORDER BY time DESC) = 1"
    values = ", ".join(f"f.value_{number}" for number in range(len(names)))
    sql = f"SELECT {values}, f.present FROM {nodes} n LEFT JOIN ({newest}) f ON f.id = n.id ORDER BY n.row"  # noqa: S608
    with staged.subject.named():
        table = con.sql(sql).to_arrow_table().combine_chunks()
    counts, kept = staged.counts.total, len(table) - table.column("present").null_count
    dropped = counts.known - kept
    report = FeatureReport(
        read=counts.read - counts.filtered,
        null_ids=counts.null_ids,
        null_times=counts.null_times,
        later=counts.later,
        older=dropped if staged.adds_nodes else 0,
        unknown=0 if staged.adds_nodes else dropped,
        kept=kept,
    )
    return table.drop_columns(["present"]).rename_columns(names), report
