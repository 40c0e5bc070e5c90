"""How nodes are folded into the vectors of a fit: by the method's own way, and by a relation of values."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable
from embedding_features.artifact.fold_in import FoldInParameters, FoldIns
from embedding_features.errors import GraphError
from embedding_features.fresh.regression import regress_likes, regress_values
from embedding_features.graph.adjacency import Norm
from embedding_features.graph.csr import CSR
from embedding_features.graph.edge_summary import edge_summary
from embedding_features.graph.graph import Graph
from embedding_features.graph.relation import Relation
from embedding_features.ids import RowsById


def with_fold_ins(embeddings: Embeddings, first: Relation, graph: Graph, values: str | None) -> Embeddings:
    """Return embeddings that say how nodes of the first relation's two types are folded in.

    Args:
        embeddings: with the method's own way where it has one; else likes are regressed on its vectors.
        first: the relation by whose edges nodes are folded in. None are where it joins a type with itself, or
            one of the two has no vectors.
        graph: they were fitted on.
        values: relation of the same two node types whose weights are labels or ratings; None where nobody
            asks for scores of values.

    Raises:
        GraphError: when the relation joins other node types, or has no finite weights.
    """
    sides = (first.src, first.dst) if {first.src, first.dst} <= set(embeddings.tables) else ()
    fold_ins: FoldIns = {
        node_type: {"own": _own(embeddings, node_type, other)}
        for node_type, other in zip(sides, reversed(sides), strict=True)
        if node_type != other
    }
    if values is None:
        return replace(embeddings, fold_ins=fold_ins)
    regressions = value_regressions(embeddings.tables, graph, values)
    made = embeddings.provenance
    return replace(
        embeddings,
        fold_ins={one: {**fold_ins.get(one, {}), "values": of_one} for one, of_one in regressions.items()},
        provenance=replace(made, edges={**made.edges, values: edge_summary(graph)[values]}),
    )


def value_regressions(
    tables: Mapping[str, EmbeddingTable], graph: Graph, values: str
) -> dict[str, FoldInParameters]:
    """Return by node type how the weights of a relation are regressed on the vectors of the other type.

    Args:
        tables: vectors of the two node types.
        graph: has the relation.
        values: relation whose weights are labels or ratings; of several edges of a pair the last one counts.

    Raises:
        GraphError: when the relation joins other node types, or has no finite weights.
    """
    relation = graph.relation(values)
    if not {relation.src, relation.dst} <= set(tables) or relation.src == relation.dst:
        raise GraphError(
            f"values {values!r} join {relation.src!r} with {relation.dst!r}, the vectors are of "
            f"{' and '.join(tables)}",
            fix="name a relation between two node types that have vectors",
        )
    edges = relation.forward.merged("last")
    weight = edges.weights()
    if not len(weight) or not np.isfinite(weight).all():
        raise GraphError(
            f"values {values!r} have {len(weight)} weights, or some that are NaN or infinite",
            fix="name a relation whose weights are labels or ratings",
        )
    ends: dict[str, I64] = {
        relation.src: edges.sources().astype(np.int64),
        relation.dst: edges.indices.astype(np.int64),
    }
    made: dict[str, FoldInParameters] = {}
    for node_type, other in ((relation.src, relation.dst), (relation.dst, relation.src)):
        own, others = tables[node_type], tables[other]
        entry = RowsById(others.ids).find(graph.vocabularies[other].ids)[ends[other]]
        made[node_type] = regress_values(other, others.vectors, own.vectors, ends[node_type], entry, weight)
    return made


def project_messages(other: str, messages: F32, edges: CSR, own: F32, norm: Norm) -> FoldInParameters:
    """Return how a new node gets its vector by an inductive encoder: the sum of its neighbours' messages.

    Args:
        other: node type of the neighbours.
        messages: [m, dim] of the neighbours (:meth:`.Network.messages`).
        edges: of the neighbours.
        own: [n, dim] this side's vectors.
        norm: of the edges; symmetric is 1 / sqrt(d_u d_i), d the numbers of edges of the two ends.
    """
    scale = np.maximum(edges.degrees, 1) ** -0.5 if norm == "symmetric" else np.ones(len(messages))
    design = (messages * scale[:, None]).astype(np.float32)
    return FoldInParameters.projection(other, design, own, -0.5 if norm == "symmetric" else 0.0)


def _own(embeddings: Embeddings, node_type: str, other: str) -> FoldInParameters:
    found = embeddings.fold_ins.get(node_type, {}).get("own")
    tables = embeddings.tables
    return found or regress_likes(other, tables[other].vectors, tables[node_type].vectors)
