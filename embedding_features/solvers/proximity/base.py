"""The interfaces of solvers on a graph of one node type: settings with a ``solve``."""

from abc import abstractmethod

from embedding_features.arrays import F32
from embedding_features.config import Part
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress


class ProximitySolver(Part):
    """Computes the vectors of all nodes of a graph of one node type from its edges."""

    @abstractmethod
    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors of the nodes.

        Args:
            adjacency: [nodes, nodes]; an undirected graph has each edge in both directions. Weights are
                confidence, and those of a pair's edges add up.
            seed: of every random choice.
            progress: where the solver reports how far it is.

        Returns:
            [nodes, dim] float32; rows of nodes without edges are zero.

        Raises:
            GraphError: when the matrix is not square, has no edges, has a negative weight, or is not
                symmetric where the method is for undirected graphs.
        """


class AttributedProximitySolver(Part):
    """Computes the vectors of all nodes of a graph of one node type from its edges and their features."""

    @abstractmethod
    def solve(self, adjacency: CSR, features: F32, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors of the nodes; see :meth:`.ProximitySolver.solve`.

        Args:
            adjacency: [nodes, nodes].
            features: [nodes, columns] float32 what is known of each node, such as its words.
            seed: of every random choice.
            progress: where the solver reports how far it is.

        Raises:
            DataError: when the features are not finite or not of as many nodes.
        """
