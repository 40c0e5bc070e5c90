"""The interface of baselines: settings with a ``fit`` that gives scores, where methods give vectors."""

from abc import ABC, abstractmethod

from embedding_features.arrays import F32, I64
from embedding_features.config import Part
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress


class Fitted(ABC):
    """Scores items for the users of the matrix that a baseline was fitted to."""

    @abstractmethod
    def scores(self, rows: I64) -> F32:
        """Return [m, items] float32 scores of all items, an array that the caller may overwrite.

        Args:
            rows: [m] rows of the matrix.
        """


class ItemModel(Fitted):
    """Scores users by X B, where X [users, items] is the matrix and B [items, items] what was learned."""

    @abstractmethod
    def times(self, x: F32) -> F32:
        """Return the product B x [items, d] of ``x`` [items, d]."""

    @abstractmethod
    def transposed_times(self, x: F32) -> F32:
        """Return the product Bᵀ x [items, d] of ``x`` [items, d]."""


class Baseline(Part):
    """Scores items for users without vectors of users.

    A subclass declares its ``kind``, by which the catalogue names it, its settings, and ``fit``.
    """

    @abstractmethod
    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> Fitted:
        """Learn from which items users have.

        Args:
            matrix: [users, items], each pair once; weights are ignored.
            progress: where it reports how far it is.
        """


class ItemBaseline(Baseline):
    """A baseline that learns weights between items."""

    @abstractmethod
    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> ItemModel:
        """Learn the weights; see :meth:`Baseline.fit`."""
