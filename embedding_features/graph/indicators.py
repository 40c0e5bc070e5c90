"""The attributes of nodes (tags, genres, traits), joined to them by relations, as sparse indicators."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import check_ignored

#: [nodes, columns], 1 where a node has an attribute; None where nodes have none
Indicators = scipy.sparse.csr_array | None


def attribute_indicators(view: GraphView, least: int) -> dict[str, Indicators]:
    """Return node type → the attributes of the sources and of the destinations of a view's first relation.

    Every other relation of the view joins one of these node types with attributes of another type. A node has
    an attribute or has it not, whatever the weight.

    Args:
        view: what is looked at.
        least: an attribute of fewer nodes is left out.

    Raises:
        GraphError: when a relation does not join one of these node types with another, or has weights not
            above 0: an indicator would say that the node has it.
    """
    main = view.relation()
    found: dict[str, list[CSR]] = {main.src: [], main.dst: []}
    for relation in view.relations.values():
        if relation.name == main.name:
            continue
        ends = {relation.src: relation.forward, relation.dst: relation.reverse}
        described = ends.keys() & found.keys()
        if len(ends) != 2 or len(described) != 1:
            raise GraphError(
                f"relation {relation.name!r} joins {relation.src!r} with {relation.dst!r}: it describes"
                f" neither {main.src!r} nor {main.dst!r} by another node type",
                fix="name relations between one of the two and a type of attributes",
            )
        check_ignored(relation.name, relation.forward)
        node_type = described.pop()
        found[node_type].append(ends[node_type])
    return {node_type: _indicators(relations, least) for node_type, relations in found.items()}


def _indicators(relations: Sequence[CSR], least: int) -> Indicators:
    if not relations:
        return None
    ones = [
        scipy.sparse.csr_array((np.ones(c.edges), c.indices, c.indptr), shape=(c.rows, c.columns))
        for c in relations
    ]
    joined = scipy.sparse.csr_array(scipy.sparse.hstack(ones, format="csr"))
    joined.sum_duplicates()
    joined.data[:] = 1
    often = np.flatnonzero(joined.sum(axis=0) >= least)
    return scipy.sparse.csr_array(joined[:, often]) if len(often) else None
