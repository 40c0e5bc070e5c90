"""How logs become a graph as of a moment: DuckDB filters and encodes, a counting sort makes the rows.

Each source is read to count what the rules drop. Its known rows are then a view of the Parquet files, or a
copy of what is dearer to read again, which spills to disk when memory is short. The vocabularies follow from
all of these; last, each relation's edges stream out of DuckDB as vocabulary rows, straight into arrays.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.errors import GraphError
from embedding_features.graph.edges import StagedRelation, make_relation, nodes_table, stage_relation
from embedding_features.graph.features import StagedFeatures, align_features, stage_features
from embedding_features.graph.fingerprint import fingerprint
from embedding_features.graph.graph import Graph
from embedding_features.graph.report import BuildReport, NodeReport
from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.progress import SILENT, Progress
from embedding_features.sources.moment import as_moment
from embedding_features.sources.report import FileReport
from embedding_features.sources.sql import Subject, connection, quoted


def build_graph(
    schema: GraphSchema | str | Path,
    as_of: datetime | str,
    parent: Graph | None = None,
    progress: Progress = SILENT,
    memory_limit: str | None = None,
    threads: int | None = None,
) -> Graph:
    """Build the graph that a schema's logs held at ``as_of``; :mod:`.schema` states the rules.

    Args:
        schema: a schema, or the path of its YAML file.
        as_of: zone-aware moment or ISO 8601 text; no row later than it is used.
        parent: an earlier graph whose nodes keep their rows; new ids come after them, ascending.
        progress: who watches.
        memory_limit: of DuckDB, e.g. ``"4GB"``; what does not fit spills to disk.
        threads: of DuckDB; None for one a core.

    Raises:
        ConfigError: when the schema file is missing or wrong.
        GraphError: when data breaks a rule of the schema, a relation is empty as of T, or the parent is
            later than as_of.
    """
    if not isinstance(schema, GraphSchema):
        schema = GraphSchema.load(schema)
    moment = as_moment(as_of)
    bases = _parent_vocabularies(schema, moment, parent)
    with connection(schema.folder, memory_limit, threads) as con:
        staged = _stage_relations(con, schema, moment, progress)
        tables = {
            node_type: stage_features(con, schema, node_type, node.features, f"features_{number}", moment)
            for number, (node_type, node) in enumerate(schema.nodes.items())
            if node.features is not None
        }
        vocabularies = {
            node_type: _vocabulary(con, node_type, base, staged, tables) for node_type, base in bases.items()
        }
        made = {each.name: make_relation(con, each, vocabularies, progress) for each in staged}
        described = {t: align_features(con, table, t) for t, table in tables.items()}
    relations = {name: relation for name, (relation, _) in made.items()}
    features = {node_type: table for node_type, (table, _) in described.items()}
    report = BuildReport(
        relations={name: counts for name, (_, counts) in made.items()},
        features={node_type: counts for node_type, (_, counts) in described.items()},
        nodes={t: NodeReport(nodes=len(v), new=len(v) - len(bases[t])) for t, v in vocabularies.items()},
        files=_file_reports(schema, staged, tables),
    )
    identity = fingerprint(vocabularies, relations, features)
    return Graph(moment, vocabularies, relations, features, identity, report)


def _stage_relations(
    con: Any, schema: GraphSchema, as_of: datetime, progress: Progress
) -> list[StagedRelation]:
    staged = []
    with progress.task("read the logs", total=len(schema.relations)) as advance:
        for number, name in enumerate(schema.relations):
            staged.append(stage_relation(con, schema, name, f"edges_{number}", as_of))
            advance()
    return staged


def _file_reports(
    schema: GraphSchema, staged: list[StagedRelation], tables: Mapping[str, StagedFeatures]
) -> dict[str, dict[str, FileReport]]:
    """Return what was read → file → its rows; files in the schema's folder by their paths within it."""
    folder = f"{schema.folder.resolve()}/"
    counted = [(relation.rows.opened.subject, relation.counts) for relation in staged]
    counted += [(table.subject, table.counts) for table in tables.values()]
    return {
        subject.name: {path.removeprefix(folder): report for path, report in counts.files.items()}
        for subject, counts in counted
    }


def _parent_vocabularies(schema: GraphSchema, as_of: datetime, parent: Graph | None) -> dict[str, Vocabulary]:
    if parent is not None and parent.as_of > as_of:
        raise GraphError(
            f"the parent is as of {parent.as_of.isoformat()}, later than {as_of.isoformat()}: it knows the "
            "future's ids",
            fix="build snapshots in the order of time, or without a parent",
        )
    bases = {}
    for node_type, node in schema.nodes.items():
        base = Vocabulary.empty(node.id)
        if parent is not None and node_type in parent.vocabularies:
            base = parent.vocabularies[node_type]
        if base.is_string != (node.id == "string"):
            raise GraphError(f"{node_type} ids are {base.ids.type} in the parent and {node.id} in the schema")
        bases[node_type] = base
    return bases


def _vocabulary(
    con: Any,
    node_type: str,
    base: Vocabulary,
    staged: list[StagedRelation],
    tables: Mapping[str, StagedFeatures],
) -> Vocabulary:
    """Return the base with the ids that edges and timed feature tables add; make it a DuckDB table too."""
    columns = [
        (each.table, end)
        for each in staged
        for end, side in (("src", each.schema.src), ("dst", each.schema.dst))
        if side.type == node_type
    ]
    if node_type in tables and tables[node_type].adds_nodes:
        columns.append((tables[node_type].table, "id"))
    vocabulary = base
    if columns:
        sql = " UNION ".join(f"SELECT DISTINCT {column} AS id FROM {table}" for table, column in columns)  # noqa: S608
        with Subject(f"ids of {node_type!r}", GraphError).named():
            vocabulary = base.extend(con.sql(sql).to_arrow_table().column("id"))
    # copied, for DuckDB knows the size of its own tables only, and would hash the edges instead
    con.register("ids", pa.table({"id": vocabulary.ids, "row": np.arange(len(vocabulary), dtype=np.int32)}))
    con.execute(f"CREATE TEMP TABLE {quoted(nodes_table(node_type))} AS FROM ids")
    con.unregister("ids")
    return vocabulary
