"""What a graph knows of its nodes: columns of tables, and the attributes that relations join them with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.submatrix import take_rows
from embedding_features.graph.weights import check_ignored


@dataclass(frozen=True)
class Attributes:
    """Holds which attributes (words, tags, genres) nodes have.

    Attributes:
        ids: [m] of the attributes.
        has: [n, m] an entry where a node has an attribute; its weight does not count.
    """

    ids: pa.Array
    has: CSR


@dataclass(frozen=True)
class NodeFeatures:
    """Holds what is known of the nodes of one type.

    Attributes:
        columns: row r describes node r, null where nothing is known; None without a table.
        attributes: relation → the attributes that it joins the nodes with.
    """

    columns: pa.Table | None
    attributes: Mapping[str, Attributes]

    def take(self, rows: I64) -> "NodeFeatures":
        """Return the features of [n] rows, in their order; of a row -1 nothing is known."""
        columns = None
        if self.columns is not None:
            columns = self.columns.take(pa.array(rows, mask=rows < 0))
        return NodeFeatures(columns, {name: _taken(one, rows) for name, one in self.attributes.items()})


def _taken(attributes: Attributes, rows: I64) -> Attributes:
    has = attributes.has
    with_empty = replace(has, indptr=np.append(has.indptr, has.indptr[-1]), time=None)
    return Attributes(attributes.ids, take_rows(with_empty, np.where(rows < 0, has.rows, rows)))


def features_of(
    graph: Graph, node_types: Iterable[str], attributes: tuple[str, ...]
) -> dict[str, NodeFeatures]:
    """Return node type → what the graph knows of its nodes, in vocabulary rows; types without are left out.

    Args:
        graph: has the tables and the relations.
        node_types: that take part in a view.
        attributes: relations that join these with attributes, which are of other types.

    Raises:
        GraphError: when such a relation is unknown, does not join one of the types with another one, or has
            weights not above 0: an attribute would say that the node has it.
    """
    types = list(node_types)
    joined: dict[str, dict[str, Attributes]] = {node_type: {} for node_type in types}
    for name in attributes:
        relation = graph.relation(name)
        ends = {relation.src: relation.forward, relation.dst: relation.reverse}
        described = [end for end in ends if end in types]
        if len(described) != 1 or len(ends) != 2:
            raise GraphError(
                f"attributes {name!r} join {relation.src!r} with {relation.dst!r}: one of them must be a node"
                f" type of the view ({', '.join(types)}), and the other none",
                fix="name relations between nodes and what they have, such as words",
            )
        check_ignored(name, relation.forward)
        (of,) = described
        other = relation.dst if of == relation.src else relation.src
        joined[of][name] = Attributes(graph.vocabularies[other].ids, ends[of])
    return {
        t: NodeFeatures(graph.features.get(t), found)
        for t, found in joined.items()
        if found or t in graph.features
    }
