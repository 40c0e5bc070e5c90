"""A linear autoencoder of items."""

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import ItemBaseline, ItemModel
from embedding_features.evaluate.baselines.gram_inverse import gram_inverse
from embedding_features.evaluate.baselines.sparse import dense_rows, ones
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.graph.submatrix import take_rows
from embedding_features.progress import SILENT, Progress

#: users of a block in which the diagonal is summed
_BLOCK = 256


class EASE(ItemBaseline):
    """Reconstructs each item of a user from the user's others (EASE, Steck, WWW 2019).

    minimise |X − X B|² + λ |B|², the diagonal of B zero:  B = I − P / diag(P), P = (XᵀX + λ I)⁻¹ (eq. 8).

    Of fewer users than items it is computed on their side, by X P = K⁻¹ X, P = (I − Xᵀ K⁻¹ X) / λ with
    K = X Xᵀ + λ I: the same scores, for the cube of the smaller number. See :func:`.gram_inverse` for what
    that needs.

    Attributes:
        regularization: λ; it depends on the data.
    """

    kind: Literal["ease"] = "ease"
    regularization: float = Field(default=300.0, gt=0)

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "Reconstruction":
        """Compute the inverse of the smaller side.

        Raises:
            TrainingError: when the memory is not there.
        """
        side = ByItems if matrix.columns <= matrix.rows else ByUsers
        return side(matrix, self.regularization, progress)


class Reconstruction(ItemModel):
    """Holds X and the diagonal of P; where P comes from is the subclasses'."""

    def __init__(self, matrix: CSR, diagonal: F32) -> None:
        self._forward, self._x, self._diagonal = matrix, ones(matrix), diagonal

    def scores(self, rows: I64) -> F32:
        """Return X − X P / diag(P) of some rows of X."""
        return dense_rows(self._x, rows) - self._projected(rows) / self._diagonal

    def times(self, x: F32) -> F32:
        """Return B x."""
        return x - self._inverse_times(x / self._diagonal[:, None])

    def transposed_times(self, x: F32) -> F32:
        """Return Bᵀ x."""
        return x - self._inverse_times(x) / self._diagonal[:, None]

    @abstractmethod
    def _projected(self, rows: I64) -> F32:
        """Return [m, items] some rows of X P."""

    @abstractmethod
    def _inverse_times(self, x: F32) -> F32:
        """Return P x [items, d]."""


class ByItems(Reconstruction):
    """Holds P itself."""

    def __init__(self, matrix: CSR, ridge: float, progress: Progress) -> None:
        self._p = gram_inverse(matrix.transposed(), ridge, progress)
        super().__init__(matrix, self._p.diagonal().copy())

    def _projected(self, rows: I64) -> F32:
        return spmm(take_rows(self._forward, rows), self._p)

    def _inverse_times(self, x: F32) -> F32:
        return self._p @ x


class ByUsers(Reconstruction):
    """Holds K⁻¹ of the users."""

    def __init__(self, matrix: CSR, ridge: float, progress: Progress) -> None:
        self._inverse, self._ridge = gram_inverse(matrix, ridge, progress), ridge
        self._reverse = matrix.transposed()
        super().__init__(matrix, np.zeros(matrix.columns, np.float32))
        explained = np.zeros(matrix.columns)
        for start in range(0, matrix.rows, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, matrix.rows))
            explained += self._x[rows].multiply(self._projected(rows)).sum(axis=0)
        self._diagonal = ((1 - explained) / ridge).astype(np.float32)

    def _projected(self, rows: I64) -> F32:
        return spmm(self._reverse, np.ascontiguousarray(self._inverse[rows].T)).T

    def _inverse_times(self, x: F32) -> F32:
        inner = self._inverse @ spmm(self._forward, x)
        return (x - spmm(self._reverse, inner)) / np.float32(self._ridge)
