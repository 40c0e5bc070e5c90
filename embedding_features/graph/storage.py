"""Graphs on disk, as folders of arrays that are mapped into memory.

::

    graph.json                              as_of, shapes, report, fingerprint, SHA-256 of every file
    nodes/<type>.arrow                      one column, id, in row order
    features/<type>.arrow                   the feature table, rows aligned with the ids
    relations/<name>/<direction>.<array>.npy   indptr, indices, and weight and time where they exist
"""

from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import AwareDatetime

from embedding_features.config import Config
from embedding_features.errors import SnapshotError
from embedding_features.files import atomic_folder, safe_name
from embedding_features.graph.array_files import map_csr, map_table, only_chunk, write_csr, write_table
from embedding_features.graph.graph import Graph
from embedding_features.graph.relation import Relation
from embedding_features.graph.report import BuildReport
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.records import check_files, file_digests, read_record, seal

_RECORD = "graph.json"
_AGAIN = "build or copy the graph again"


class _RelationRecord(Config):
    src: str
    dst: str
    weight: bool
    time: bool


class _GraphRecord(Config):
    """Holds what ``graph.json`` says; ``digest`` is the hash of everything else in it."""

    format: Literal[1] = 1
    as_of: AwareDatetime
    fingerprint: str
    nodes: list[str]
    features: list[str]
    relations: dict[str, _RelationRecord]
    report: BuildReport
    files: dict[str, str]
    digest: str = ""


def save_graph(graph: Graph, folder: str | Path) -> None:
    """Write the graph as a folder that is seen whole or not at all.

    Raises:
        SnapshotError: when ``folder`` exists.
        ConfigError: when a node type's or relation's name cannot be a file's.
    """
    for name in (*graph.vocabularies, *graph.relations):
        safe_name(name)
    with atomic_folder(Path(folder)) as temporary:
        for node_type, vocabulary in graph.vocabularies.items():
            write_table(temporary / "nodes" / f"{node_type}.arrow", pa.table({"id": vocabulary.ids}))
        for node_type, table in graph.features.items():
            write_table(temporary / "features" / f"{node_type}.arrow", table)
        for name, relation in graph.relations.items():
            for direction, csr in (("forward", relation.forward), ("reverse", relation.reverse)):
                write_csr(temporary / "relations" / name / direction, csr)
        record = _GraphRecord(
            as_of=graph.as_of,
            fingerprint=graph.fingerprint,
            nodes=list(graph.vocabularies),
            features=list(graph.features),
            relations={
                name: _RelationRecord(
                    src=relation.src,
                    dst=relation.dst,
                    weight=relation.forward.weight is not None,
                    time=relation.forward.time is not None,
                )
                for name, relation in graph.relations.items()
            },
            report=graph.report,
            files=file_digests(temporary),
        )
        (temporary / _RECORD).write_text(seal(record).model_dump_json(indent=1), encoding="utf-8")


def load_graph(folder: str | Path) -> Graph:
    """Return a saved graph, of read-only arrays that take no memory until they are touched.

    Raises:
        SnapshotError: when a file is missing, truncated or altered; the message names it.
    """
    folder = Path(folder)
    record = read_record(folder / _RECORD, _GraphRecord, "graph", error=SnapshotError, again=_AGAIN)
    for name in (*record.nodes, *record.features, *record.relations):
        safe_name(name)
    check_files(folder, record.files, error=SnapshotError, again=_AGAIN)
    vocabularies = {
        t: Vocabulary(only_chunk(map_table(folder / "nodes" / f"{t}.arrow").column("id")))
        for t in record.nodes
    }
    relations = {}
    for name, edges in record.relations.items():
        rows, columns = len(vocabularies[edges.src]), len(vocabularies[edges.dst])
        forward = map_csr(folder / "relations" / name / "forward", columns, edges.weight, edges.time)
        reverse = map_csr(folder / "relations" / name / "reverse", rows, edges.weight, edges.time)
        relations[name] = Relation(name, edges.src, edges.dst, forward, reverse)
    features = {t: map_table(folder / "features" / f"{t}.arrow") for t in record.features}
    return Graph(record.as_of, vocabularies, relations, features, record.fingerprint, record.report)
