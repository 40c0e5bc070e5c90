"""Walks of the second order, which stay near or go far."""

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from embedding_features.arrays import I32
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.walks.base import Walker, Walks, with_types
from embedding_features.walks.draws import mix, walk_state
from embedding_features.walks.edges import Edges, check_square, draw_edge, edges_of
from embedding_features.walks.second_order import Bias, next_node


class BiasedWalks(Walks):
    """Goes to a neighbour by the weight of the edge and by how far that leads from the node before.

    node2vec (Grover & Leskovec, KDD 2016, section 3.2): from v, reached from t, to x in proportion to
    α w_vx, where α is 1/p for x = t, 1 where an edge leads from t to x, and 1/q else. The first step goes by
    weight alone. The probabilities are exact, and nothing is stored for a pair of edges; see
    :mod:`.second_order`.

    Attributes:
        p: return parameter; below 1 walks go back, above they seldom do.
        q: in-out parameter; below 1 walks go outward, above they stay near where they were.
    """

    kind: Literal["biased_walks"] = "biased_walks"
    p: float = Field(default=1.0, gt=0)
    q: float = Field(default=1.0, gt=0)

    def over_view(self, view: GraphView) -> tuple["BiasedWalker", tuple[str, ...]]:
        """Return the walker along all relations of a view, in both directions."""
        return with_types(self.over(view.adjacency()), view)

    def over(self, csr: CSR) -> "BiasedWalker":
        """Return the walker over edges between the rows of one space.

        Args:
            csr: [rows, rows]; for undirected walks it has each edge in both directions.

        Raises:
            GraphError: when rows and columns differ, or a weight is negative or no number.
        """
        check_square(csr)
        edges = edges_of(csr)
        return BiasedWalker(
            length=self.length,
            starts=np.flatnonzero(np.diff(edges.indptr)).astype(np.int32),
            spans=np.array([0, csr.rows]),
            edges=edges,
            bias=Bias(1 / self.p, 1 / self.q),
        )


@dataclass(frozen=True, kw_only=True)
class BiasedWalker(Walker):
    """Draws node2vec's walks.

    Attributes:
        edges: of the graph.
        bias: of the second order.
    """

    edges: Edges
    bias: Bias

    def _draw(self, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
        _walk(self.edges, self.bias, starts, key, number, walks)


@jit(parallel=True)
def _walk(edges: Edges, bias: Bias, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
    count, length = walks.shape
    for w in numba.prange(count):
        before, node = -1, int(starts[w])
        state = walk_state(key, node, number)
        walks[w, 0] = node
        for step in range(1, length):
            begin, end = edges.indptr[node], edges.indptr[node + 1]
            if begin == end:
                break
            if before < 0:
                state += GOLDEN
                after = int(edges.indices[draw_edge(edges.cumulative, begin, end, mix(state))])
            else:
                after, state = next_node(edges, bias, before, node, state)
            walks[w, step] = after
            before, node = node, after
