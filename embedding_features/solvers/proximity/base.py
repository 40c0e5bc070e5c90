"""The interface of solvers that see nodes of all types as one: settings with a ``solve`` of the adjacency."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from embedding_features.arrays import F32
from embedding_features.artifact.metric import Metric
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start


class ProximitySolver(Solver):
    """Computes the vectors of all nodes from the adjacency of all relations, in both directions."""

    weights: ClassVar[WeightUse] = "confidence"
    metric: ClassVar[Metric] = "cosine"

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,  # noqa: ARG002
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors of :meth:`solve`; it has no start and no checkpoints."""
        vectors = self.solve(view.adjacency(), seed=seed, progress=progress)
        return Solution({node_type: vectors[view.span(node_type)] for node_type in view.nodes})

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
