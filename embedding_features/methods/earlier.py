"""What an earlier fit found, matched by id with the nodes of a view."""

from collections.abc import Iterable

from embedding_features.arrays import I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.errors import CompatibilityError
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.solvers.base import Before, Start


def find_start(init: Embeddings, graph: Graph, view: GraphView, node_types: Iterable[str]) -> Start:
    """Return node type → what ``init`` found of it.

    Args:
        init: embeddings of the earlier graph.
        graph: what is learned from now.
        view: the view of it.
        node_types: that are to start.

    Raises:
        CompatibilityError: when ``init`` lacks a node type, or its ids are of another type.
    """
    return {
        node_type: _before(init, graph, view.nodes[node_type].rows, node_type) for node_type in node_types
    }


def _before(init: Embeddings, graph: Graph, rows: I64, node_type: str) -> Before:
    if node_type not in init.tables:
        raise CompatibilityError(
            f"init has no {node_type!r} vectors, only {sorted(init.tables)}",
            fix="start from embeddings of the same relation, or without init",
        )
    table = init.tables[node_type]
    now, before = graph.vocabularies[node_type], Vocabulary(table.ids)
    if now.is_string != before.is_string:
        raise CompatibilityError(
            f"init has {node_type} ids of type {before.ids.type}, the graph {now.ids.type}",
            fix="start without init",
        )
    fold_in = init.fold_ins.get(node_type, {}).get("own")
    return Before(before.encode(now.decode(rows)), table.vectors, fold_in)
