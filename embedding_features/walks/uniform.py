"""Walks of the first order over one relation."""

from typing import Literal

import numpy as np

from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.walks.base import Walks, with_types
from embedding_features.walks.edges import check_square, edges_of
from embedding_features.walks.first_order import FirstOrderWalker, Hops


class UniformWalks(Walks):
    """Goes from each node to any of its neighbours, in proportion to the weights of the edges.

    The truncated walks of DeepWalk (Perozzi, Al-Rfou & Skiena, KDD 2014, section 4.2.1). An edge without
    weight weighs 1, and a pair's edges add up.
    """

    kind: Literal["uniform_walks"] = "uniform_walks"

    def over_view(self, view: GraphView) -> tuple["FirstOrderWalker", tuple[str, ...]]:
        """Return the walker along all relations of a view, in both directions."""
        return with_types(self.over(view.adjacency()), view)

    def over(self, csr: CSR) -> FirstOrderWalker:
        """Return the walker over edges between the rows of one space.

        Args:
            csr: [rows, rows]; for undirected walks it has each edge in both directions.

        Raises:
            GraphError: when rows and columns differ, or a weight is negative or no number.

        Example:
            >>> ring = CSR.from_edges(np.arange(4), (np.arange(4) + 1) % 4, (4, 4))
            >>> UniformWalks(length=6).over(ring).draw(np.array([0, 3]), seed=0).tolist()
            [[0, 1, 2, 3, 0, 1], [3, 0, 1, 2, 3, 0]]
        """
        check_square(csr)
        edges = edges_of(csr)
        return FirstOrderWalker(
            length=self.length,
            starts=np.flatnonzero(np.diff(edges.indptr)).astype(np.int32),
            spans=np.array([0, csr.rows]),
            hops=Hops(np.zeros(1, np.int64), *edges),
        )
