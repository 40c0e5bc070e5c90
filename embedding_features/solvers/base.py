"""What every closed-form solver is: settings with a ``solve``."""

from abc import abstractmethod
from typing import ClassVar

from embedding_features.arrays import F32
from embedding_features.config import Part
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress


class Solver(Part):
    """Vectors of both sides of a bipartite view, without gradient steps.

    A member declares its ``kind`` (``kind: Literal["spectral"] = "spectral"``), its settings, what it makes
    of ``weights``, and ``solve``.

    Attributes:
        weights: what it makes of the view's weights; one that says nothing is given no weights but above 0.
    """

    weights: ClassVar[WeightUse] = "ignored"

    @abstractmethod
    def solve(self, view: BipartiteView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Vectors of all sources and all destinations of ``view``.

        Returns:
            [sources, dim] and [destinations, dim] float32, row r for vocabulary row r. Rows of nodes without
            edges may hold anything: they are left out of the tables.
        """
