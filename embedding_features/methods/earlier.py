"""What an earlier fit found, matched by id with the nodes of a view."""

from collections.abc import Iterable, Mapping

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.errors import CompatibilityError
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.solvers.base import Before


def find_before(
    init: Embeddings, graph: Graph, view: GraphView, node_types: Iterable[str]
) -> dict[str, Before]:
    """Return node type → what ``init`` found of it.

    Args:
        init: embeddings of the earlier graph.
        graph: what is learned from now.
        view: the view of it.
        node_types: that are to start.

    Raises:
        CompatibilityError: when ``init`` lacks a node type, or its ids are of another type.
    """
    parameters = _with_contexts(init)
    return {t: _before(init, graph, view.nodes[t].rows, t, parameters.get(t)) for t in node_types}


def _with_contexts(init: Embeddings) -> Mapping[str, tuple[F32, F32]]:
    """Return node type → vectors and contexts as they were learned, where there are any."""
    network = init.encoder
    if network is None or "context" not in network.row_parameters():
        return {}
    named = network.row_parameters()
    table, context = (network.by_type(named[name].detach()) for name in ("table", "context"))
    return {node_type: (table[node_type].numpy(), context[node_type].numpy()) for node_type in table}


def _before(
    init: Embeddings, graph: Graph, rows: I64, node_type: str, learned: tuple[F32, F32] | None
) -> Before:
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
    vectors, context = (table.vectors, None) if learned is None else learned
    return Before(before.encode(now.decode(rows)), vectors, context, fold_in)
