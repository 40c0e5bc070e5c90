"""How nodes are folded into the vectors of a fit: by the method's own way, and by a relation of values."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable
from embedding_features.artifact.fold_in import FoldInParameters, FoldIns, Purpose
from embedding_features.errors import GraphError
from embedding_features.fresh.regression import regress_likes, regress_values
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph


def with_fold_ins(embeddings: Embeddings, graph: Graph, values: str | None) -> Embeddings:
    """Return embeddings that say how nodes of both types are folded in.

    Args:
        embeddings: with the method's own way where it has one; else likes are regressed on its vectors.
        graph: they were fitted on.
        values: relation of the same two node types whose weights are labels or ratings; None where nobody
            asks for scores of values.

    Raises:
        GraphError: when the relation joins other node types, or has no finite weights.
    """
    sides = tuple(embeddings.tables)
    fold_ins: FoldIns = {
        node_type: {"own": _own(embeddings, node_type, other)}
        for node_type, other in zip(sides, reversed(sides), strict=True)
    }
    if values is not None:
        fold_ins = _with_values(embeddings, graph, values, fold_ins)
    return replace(embeddings, fold_ins=fold_ins)


def project_messages(other: str, messages: F32, edges: CSR, own: F32, symmetric: bool) -> FoldInParameters:
    """Return how a new node gets its vector by an inductive encoder: the sum of its neighbours' messages.

    Args:
        other: node type of the neighbours.
        messages: [m, dim] of the neighbours (:meth:`.BipartiteEncoder.messages`).
        edges: of the neighbours.
        own: [n, dim] this side's vectors.
        symmetric: whether an edge is weighted by 1 / sqrt(d_u d_i), d the numbers of edges of its ends.
    """
    scale = np.maximum(edges.degrees, 1) ** -0.5 if symmetric else np.ones(len(messages))
    design = (messages * scale[:, None]).astype(np.float32)
    return FoldInParameters.projection(other, design, own, -0.5 if symmetric else 0.0)


def _own(embeddings: Embeddings, node_type: str, other: str) -> FoldInParameters:
    found = embeddings.fold_ins.get(node_type, {}).get("own")
    tables = embeddings.tables
    return found or regress_likes(other, tables[other].vectors, tables[node_type].vectors)


def _with_values(embeddings: Embeddings, graph: Graph, name: str, fold_ins: FoldIns) -> FoldIns:
    relation = graph.relation(name)
    tables, made = embeddings.tables, dict[str, Mapping[Purpose, FoldInParameters]]()
    if {relation.src, relation.dst} != set(tables) or relation.src == relation.dst:
        raise GraphError(
            f"values {name!r} join {relation.src!r} with {relation.dst!r}, the vectors are of "
            f"{' and '.join(tables)}",
            fix="name a relation between the same two node types",
        )
    edges = relation.forward.merged("last")
    weight = edges.weights()
    if not len(weight) or not np.isfinite(weight).all():
        raise GraphError(
            f"values {name!r} have {len(weight)} weights, or some that are NaN or infinite",
            fix="name a relation whose weights are labels or ratings",
        )
    ends: dict[str, I64] = {
        relation.src: edges.sources().astype(np.int64),
        relation.dst: edges.indices.astype(np.int64),
    }
    for node_type, purposes in fold_ins.items():
        other = purposes["own"].other
        entry = _table_rows(graph, tables[other], edges, relation.src == other)[ends[other]]
        regression = regress_values(
            other, tables[other].vectors, tables[node_type].vectors, ends[node_type], entry, weight
        )
        made[node_type] = {**purposes, "values": regression}
    return made


def _table_rows(graph: Graph, table: EmbeddingTable, edges: CSR, is_source: bool) -> I64:
    """Return the row in a table of each vocabulary row, -1 where it has none."""
    rows = np.full(edges.rows if is_source else edges.columns, -1, np.int64)
    rows[graph.vocabularies[table.node_type].encode(table.ids)] = np.arange(len(table.ids))
    return rows
