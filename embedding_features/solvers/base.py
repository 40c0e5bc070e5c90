"""The interface of solvers: settings with a ``solve``."""

from abc import abstractmethod
from typing import ClassVar

from embedding_features.arrays import F32
from embedding_features.config import Part
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress


class Solver(Part):
    """Computes the vectors of both sides of a bipartite view, without gradient steps.

    A subclass declares its ``kind`` (``kind: Literal["spectral"] = "spectral"``), its settings, how it uses
    ``weights``, and ``solve``.

    Attributes:
        weights: how it uses the view's weights; by default it is given weights above 0 only.
    """

    weights: ClassVar[WeightUse] = "ignored"

    @abstractmethod
    def solve(self, view: BipartiteView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Compute the vectors of all sources and all destinations of ``view``.

        Args:
            view: the relation as a matrix.
            seed: of every random choice.
            progress: where the solver reports how far it is.

        Returns:
            [sources, dim] and [destinations, dim] float32, row r for vocabulary row r. Rows of nodes without
            edges may hold anything: they are left out of the tables.
        """
