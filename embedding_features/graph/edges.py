"""A relation's edges: read as of a moment, encoded by the vocabularies, grouped into rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from embedding_features.arrays import AnyArray
from embedding_features.errors import GraphError
from embedding_features.graph.columns import weight_sql
from embedding_features.graph.csr import CSR
from embedding_features.graph.hetero_graph import Relation
from embedding_features.graph.known_rows import Counts, KnownRows, count_rows, known_rows
from embedding_features.graph.moment import from_microseconds
from embedding_features.graph.report import RelationReport
from embedding_features.graph.schema import GraphSchema, RelationSchema
from embedding_features.graph.source import duckdb_errors, open_source, quoted
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.progress import Progress

_BATCH_ROWS = 1 << 17
_DTYPES = {"src": np.int32, "dst": np.int32, "time": np.int64, "weight": np.float32}


@dataclass(frozen=True)
class StagedRelation:
    """A relation's known rows as ``table``: src, dst, time and weight if it has them."""

    name: str
    schema: RelationSchema
    table: str
    rows: KnownRows
    counts: Counts


def nodes_table(node_type: str) -> str:
    """Name of the DuckDB table that maps ``id`` to ``row`` for one node type."""
    return f"nodes_{node_type}"


def edge_rows(con: Any, schema: GraphSchema, name: str, as_of: datetime) -> KnownRows:
    """The rows of relation ``name`` that were known at ``as_of``: src, dst, time and weight if it has them.

    Raises:
        GraphError: when its source cannot be read or breaks a rule of the schema.
    """
    relation = schema.relations[name]
    ids = {
        "src": (relation.src.column, schema.nodes[relation.src.type].id),
        "dst": (relation.dst.column, schema.nodes[relation.dst.type].id),
    }
    query = open_source(con, relation, f"relation {name!r}", schema.folder, as_of, dict(ids.values()))
    values = {} if relation.weight is None else {"weight": weight_sql(query, relation.weight)}
    return known_rows(query, relation, ids, values, as_of)


def stage_relation(con: Any, schema: GraphSchema, name: str, table: str, as_of: datetime) -> StagedRelation:
    """Count a relation's known rows, check them, and make them the temporary table ``table``.

    Raises:
        GraphError: when its source breaks a rule of the schema, a weight is unfit, or there is no edge.
    """
    relation = schema.relations[name]
    rows = edge_rows(con, schema, name, as_of)
    counts = count_rows(con, rows)
    if not counts.known and not relation.allow_empty:
        earliest = "none" if counts.earliest is None else from_microseconds(counts.earliest).isoformat()
        raise GraphError(
            f"relation {name!r} has no edges as of {as_of.isoformat()}: {counts.read} rows, the earliest "
            f"time is {earliest}",
            fix="choose a later as_of, check source and filter, or set allow_empty: true",
        )
    if relation.weight is not None:
        bad = rows.fetch(con, "count(*)", "WHERE known AND weight IS NULL")[0]
        if bad:
            raise GraphError(
                f"relation {name!r}: {bad} weights in {relation.weight!r} are null, NaN, infinite or beyond "
                "float32",
                fix="filter those rows, or mend them in an sql source",
            )
    rows.stage(con, table)
    return StagedRelation(name, relation, table, rows, counts)


def make_relation(
    con: Any, staged: StagedRelation, vocabularies: Mapping[str, Vocabulary], progress: Progress
) -> tuple[Relation, RelationReport]:
    """Encode a staged relation and group it by both ends; ``nodes_table`` of both must be there."""
    src, dst, counts = staged.schema.src.type, staged.schema.dst.type, staged.counts
    arrays = _encoded(con, staged, progress)
    shape = (len(vocabularies[src]), len(vocabularies[dst]))
    # popped, so that from_edges can free them while it sorts
    forward = CSR.from_edges(
        arrays.pop("src"), arrays.pop("dst"), shape, arrays.pop("weight", None), arrays.pop("time", None)
    )
    repeated = forward.edges - forward.pairs()
    if staged.schema.duplicates != "keep":
        forward = forward.merged(staged.schema.duplicates)
    report = RelationReport(
        read=counts.read,
        null_ids=counts.null_ids,
        null_times=counts.null_times,
        later=counts.later,
        repeated=repeated,
        merged=counts.known - forward.edges,
        kept=forward.edges,
    )
    return Relation(staged.name, src, dst, forward, forward.transposed()), report


def _encoded(con: Any, staged: StagedRelation, progress: Progress) -> dict[str, AnyArray]:
    """src and dst rows, and time and weight if there are, in any order; gives the staged table back."""
    names = staged.rows.outputs
    arrays = {name: np.empty(staged.counts.known, _DTYPES[name]) for name in names}
    rest = "".join(f", e.{name}" for name in names[2:])
    sql = (
        f"SELECT s.row AS src, d.row AS dst{rest} FROM {staged.table} e "  # noqa: S608 - made of quoted names
        f"JOIN {quoted(nodes_table(staged.schema.src.type))} s ON s.id = e.src "
        f"JOIN {quoted(nodes_table(staged.schema.dst.type))} d ON d.id = e.dst"
    )
    start = 0
    with (
        duckdb_errors(f"relation {staged.name!r}"),
        progress.task(f"encode {staged.name}", total=staged.counts.known) as advance,
    ):
        for batch in con.sql(sql).to_arrow_reader(_BATCH_ROWS):
            stop = start + batch.num_rows
            if stop <= staged.counts.known:
                for name in names:
                    arrays[name][start:stop] = batch.column(name).to_numpy()
            start = stop
            advance(batch.num_rows)
        staged.rows.unstage(con, staged.table)
    staged.rows.check_read(staged.counts.known, start)
    return arrays
