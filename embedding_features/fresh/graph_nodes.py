"""Folds the nodes of a graph in from their edges, by the vectors and fold-ins of one fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from embedding_features.arrays import F64, I64, Bool
from embedding_features.artifact.embeddings import EmbeddingTable
from embedding_features.artifact.fold_in import FoldInParameters, FoldIns
from embedding_features.fresh.fold_in import FoldIn
from embedding_features.fresh.walk import Events, make_walk
from embedding_features.graph.graph import Graph
from embedding_features.ids import RowsById


@dataclass(frozen=True)
class GraphNodes:
    """Finds nodes of a graph among the vectors of a fit, and folds them in from their edges.

    The fit need not be of this graph: an older one says what its vectors make of edges that came since.

    Attributes:
        table: stored vectors of the nodes' type.
        others: those of the other type.
        parameters: of purpose ``own``.
        graph: has the edges.
        rows: [nodes] row in ``table`` of each node of the graph, -1 for one without a vector.
        other_rows: [other nodes] likewise in ``others``.
    """

    table: EmbeddingTable
    others: EmbeddingTable
    parameters: FoldInParameters
    graph: Graph
    rows: I64
    other_rows: I64

    @classmethod
    def of(
        cls, tables: Mapping[str, EmbeddingTable], fold_ins: FoldIns, node_type: str, graph: Graph
    ) -> Self | None:
        """Return the nodes of a type; None where the fit does not say how to fold them in."""
        parameters = fold_ins.get(node_type, {}).get("own")
        if parameters is None:
            return None
        table, others = tables[node_type], tables[parameters.other]
        rows, other_rows = (
            RowsById(one.ids).find(graph.vocabularies[one.node_type].ids) for one in (table, others)
        )
        return cls(table, others, parameters, graph, rows, other_rows)

    def events(self, relation: str) -> Events:
        """Return the edges of a relation as events, codes as in the graph; all of time 0 without time.

        Raises:
            GraphError: when there is no such relation.
        """
        found = self.graph.relation(relation)
        edges = found.forward if found.src == self.table.node_type else found.reverse
        return Events(
            edges.sources().astype(np.int64),
            edges.indices.astype(np.int64),
            np.zeros(edges.edges, np.int64) if edges.time is None else edges.time,
            edges.weights(),
        )

    def reachable(self, relations: Sequence[str]) -> Bool:
        """Return [nodes] whether a node has a vector, or an edge with one of the other type that has one.

        Relations that do not join the two types have no say.
        """
        found = self.rows >= 0
        ends = {self.table.node_type, self.others.node_type}
        for relation in relations:
            joined = self.graph.relation(relation)
            if {joined.src, joined.dst} != ends:
                continue
            events = self.events(relation)
            found[events.node[self.other_rows[events.other] >= 0]] = True
        return found

    def vectors(self, events: Events, nodes: I64) -> F64:
        """Return [m, dim] the vectors of nodes [m] of the graph, folded in from all their events."""
        place = np.full(len(self.rows), -1)
        place[nodes] = np.arange(len(nodes))
        kept = place[events.node] >= 0
        count, later = int(kept.sum()), int(events.time.max(initial=0)) + 1
        walk = make_walk(
            Events(
                np.concatenate([place[events.node[kept]], np.arange(len(nodes))]),
                np.concatenate([events.other[kept], np.zeros(len(nodes), np.int64)]),
                np.concatenate([events.time[kept], np.full(len(nodes), later)]),
                np.concatenate([events.value[kept], np.zeros(len(nodes), np.float32)]),
                np.arange(count + len(nodes)) >= count,
            ),
            np.array([later - 1]),
            [self.other_rows],
            [self.rows[nodes]],
            max(count, 1),
        )
        return FoldIn([self.parameters], [self.others.vectors]).vectors(walk)[count:]
