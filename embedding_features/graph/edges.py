"""A relation's edges, read as of a moment, encoded by the vocabularies and grouped into rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from embedding_features.arrays import AnyArray
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation
from embedding_features.graph.report import RelationReport
from embedding_features.graph.schema import GraphSchema, RelationSchema
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.progress import Progress
from embedding_features.sources.as_of_rows import KnownRows, known_rows
from embedding_features.sources.counts import RowCounts, check_dropped, count_rows
from embedding_features.sources.moment import from_microseconds
from embedding_features.sources.numbers import NumericColumn
from embedding_features.sources.open import open_source
from embedding_features.sources.sql import Subject, quoted

_BATCH_ROWS = 1 << 17
_DTYPES = {"src": np.int32, "dst": np.int32, "time": np.int64, "weight": np.float32}


@dataclass(frozen=True)
class StagedRelation:
    """A relation whose known rows lie in a temporary table: src, dst, time and weight if it has them."""

    name: str
    schema: RelationSchema
    table: str
    rows: KnownRows
    counts: RowCounts


def nodes_table(node_type: str) -> str:
    """Return the name of the DuckDB table that maps ``id`` to ``row`` for one node type."""
    return f"nodes_{node_type}"


def edge_rows(con: Any, schema: GraphSchema, name: str, as_of: datetime) -> KnownRows:
    """Return a relation's rows that were known at ``as_of``: src, dst, time and weight if it has them.

    Raises:
        GraphError: when its source cannot be read or breaks a rule of the schema.
    """
    relation = schema.relations[name]
    ids = {
        "src": (relation.src.column, schema.nodes[relation.src.type].id),
        "dst": (relation.dst.column, schema.nodes[relation.dst.type].id),
    }
    opened = open_source(con, relation, Subject(f"relation {name!r}", GraphError), schema.folder, as_of)
    numbers = {} if relation.weight is None else {"weight": NumericColumn(relation.weight, "weight")}
    return known_rows(opened, relation, ids, as_of, numbers)


def stage_relation(con: Any, schema: GraphSchema, name: str, table: str, as_of: datetime) -> StagedRelation:
    """Count a relation's known rows, check them, and make them the temporary table ``table``.

    Raises:
        GraphError: when its source breaks a rule of the schema, a weight is unfit, or there is no edge.
    """
    relation = schema.relations[name]
    rows = edge_rows(con, schema, name, as_of)
    counts = count_rows(con, rows)
    check_dropped(rows, counts)
    if not counts.total.known and not relation.allow_empty:
        earliest = "none" if counts.earliest is None else from_microseconds(counts.earliest).isoformat()
        raise GraphError(
            f"relation {name!r} has no edges as of {as_of.isoformat()}: {counts.total.read} rows, the "
            f"earliest time is {earliest}",
            fix="choose a later as_of, check source and filter, or set allow_empty: true",
        )
    rows.stage(con, table)
    return StagedRelation(name, relation, table, rows, counts)


def make_relation(
    con: Any, staged: StagedRelation, vocabularies: Mapping[str, Vocabulary], progress: Progress
) -> tuple[Relation, RelationReport]:
    """Encode a staged relation and group it by both ends; ``nodes_table`` of both must be there."""
    src, dst, counts = staged.schema.src.type, staged.schema.dst.type, staged.counts.total
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
        read=counts.read - counts.filtered,
        null_ids=counts.null_ids,
        null_times=counts.null_times,
        later=counts.later,
        repeated=repeated,
        merged=counts.known - forward.edges,
        kept=forward.edges,
    )
    return Relation(staged.name, src, dst, forward, forward.transposed()), report


def _encoded(con: Any, staged: StagedRelation, progress: Progress) -> dict[str, AnyArray]:
    """Return src and dst rows, times and weights if there are, in any order; drop the staged table."""
    names, known = staged.rows.outputs, staged.counts.total.known
    arrays = {name: np.empty(known, _DTYPES[name]) for name in names}
    rest = "".join(f", e.{name}" for name in names[2:])
    sql = (
        f"SELECT s.row AS src, d.row AS dst{rest} FROM {staged.table} e "  # noqa: S608 - made of quoted names
        f"JOIN {quoted(nodes_table(staged.schema.src.type))} s ON s.id = e.src "
        f"JOIN {quoted(nodes_table(staged.schema.dst.type))} d ON d.id = e.dst"
    )
    start = 0
    with (
        staged.rows.opened.subject.named(),
        progress.task(f"encode {staged.name}", total=known) as advance,
    ):
        for batch in con.sql(sql).to_arrow_reader(_BATCH_ROWS):
            stop = start + batch.num_rows
            if stop <= known:
                for name in names:
                    arrays[name][start:stop] = batch.column(name).to_numpy()
            start = stop
            advance(batch.num_rows)
        staged.rows.unstage(con, staged.table)
    staged.rows.check_read(known, start)
    return arrays
