"""Filters of a graph's signals."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from pydantic import Field

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import ItemBaseline, ItemModel
from embedding_features.evaluate.baselines.sparse import dense_rows, ones
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.progress import SILENT, Progress


class GFCF(ItemBaseline):
    """Filters what users have by a linear and an ideal low-pass (GF-CF, Shen et al., CIKM 2021).

    B = R̃ᵀ R̃ + α D^-½ V Vᵀ D^½ with R̃ = D_u^-½ R D^-½ and V its leading right singular vectors.

    Attributes:
        low_pass: α, the weight of the ideal low-pass.
        components: singular vectors that it lets pass.
    """

    kind: Literal["gf_cf"] = "gf_cf"
    low_pass: float = Field(default=0.3, ge=0)
    components: int = Field(default=256, ge=1)

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "Filters":
        """Find the singular vectors."""
        users, items = matrix.degrees, np.bincount(matrix.indices, minlength=matrix.columns)
        root = np.sqrt(np.maximum(items, 1)).astype(np.float32)
        norm = replace(matrix, weight=None).scaled(1 / np.sqrt(np.maximum(users, 1)), 1 / root)
        with progress.task("singular vectors", 1) as advance:
            vectors = _right_singular(norm, self.components)
            advance()
        return Filters(ones(matrix), norm, norm.transposed(), root, vectors, self.low_pass)


@dataclass(frozen=True)
class Filters(ItemModel):
    """Holds X, R̃ and its transpose, [items] the roots of degrees, V [items, components] and α."""

    matrix: scipy.sparse.csr_array
    norm: CSR
    transposed: CSR
    root: F32
    vectors: F32
    low_pass: float

    def scores(self, rows: I64) -> F32:
        """Return X B of some rows of X."""
        return self.transposed_times(np.ascontiguousarray(dense_rows(self.matrix, rows).T)).T

    def times(self, x: F32) -> F32:
        """Return B x."""
        return self._filtered(x, self.root[:, None])

    def transposed_times(self, x: F32) -> F32:
        """Return Bᵀ x."""
        return self._filtered(x, np.reciprocal(self.root)[:, None])

    def _filtered(self, x: F32, root: F32) -> F32:
        """Return R̃ᵀR̃ x + α root^-1 V Vᵀ root x."""
        ideal = self.vectors @ (self.vectors.T @ (x * root))
        found = spmm(self.transposed, spmm(self.norm, x))
        found += np.float32(self.low_pass) * ideal / root
        return found


def _right_singular(matrix: CSR, components: int) -> F32:
    """Return [columns, components] the leading right singular vectors, or as many as there are."""
    shape = (matrix.rows, matrix.columns)
    sparse = scipy.sparse.csr_array((matrix.weights(), matrix.indices, matrix.indptr), shape=shape)
    if components >= min(shape):
        return np.asarray(np.linalg.svd(sparse.toarray(), full_matrices=False)[2].T)
    first = np.random.default_rng(0).standard_normal(min(shape)).astype(np.float32)
    right = scipy.sparse.linalg.svds(sparse, components, v0=first)[2]
    return np.ascontiguousarray(right.T, np.float32)
