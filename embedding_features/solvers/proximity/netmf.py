"""NetMF: DeepWalk's implicit matrix, factored explicitly."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import scipy.linalg
import scipy.sparse
from pydantic import Field
from scipy.sparse.linalg import eigsh

from embedding_features.arrays import F32, F64
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.proximity.adjacency import (
    merged_adjacency,
    reciprocal,
    transition,
    weighted_degrees,
)
from embedding_features.solvers.proximity.factors import (
    FactoredProximity,
    column_blocks,
    diagonal_columns,
    positive_logs,
)


class NetMF(FactoredProximity):
    """Factors log max(1, M), where M is what DeepWalk's skip-gram approaches with endless walks.

    M = vol / (b T) · (Σ_{r=1..T} (D⁻¹A)^r) D⁻¹, vol the sum of all weights; vectors are U S^½ of the
    truncated decomposition U S Vᵀ (Qiu et al., WSDM 2018, theorem 2.3). With ``eigenpairs`` M is approached
    by the largest eigenpairs of D^-½ A D^-½ (algorithm 4, large windows), without them it is summed exactly
    (algorithm 3, small windows).

    M is made in blocks, and only its entries above 1 are kept: 8 bytes each, at most 8 · nodes².

    Attributes:
        window: T, steps of a walk that count as context.
        negatives: b, negative samples of a pair.
        eigenpairs: h, number of eigenpairs; None for the exact sum.
    """

    kind: Literal["netmf"] = "netmf"
    window: int = Field(default=10, ge=1)
    negatives: float = Field(default=1.0, gt=0)
    eigenpairs: int | None = Field(default=256, ge=1)

    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors of an undirected graph; see :meth:`.ProximitySolver.solve`."""
        with progress.task("netmf", self.iterations + 3) as advance:
            matrix = self.matrix(adjacency, seed=seed)
            advance()
            vectors = self.factor(matrix, self.dim, seed, advance)  # the matrix is symmetric
            advance()
        return vectors

    def matrix(self, adjacency: CSR, *, seed: int = 0) -> CSR:
        """Compute log max(1, M) [nodes, nodes]; ``seed`` is of the vector eigenpairs are sought from."""
        pairs = merged_adjacency(adjacency, undirected=True)
        degrees = weighted_degrees(pairs)
        scale = degrees.sum() / self.negatives
        if self.eigenpairs is None:
            blocks = _walked(transition(pairs), reciprocal(degrees) * scale / self.window, self.window)
        else:
            blocks = self._approached(pairs, reciprocal(degrees) ** 0.5, scale, seed)
        return positive_logs(blocks, pairs.columns)

    def _approached(self, pairs: CSR, root: F64, scale: float, seed: int) -> Iterator[F32]:
        """Make blocks of rows of M from the eigenpairs of D^-½ A D^-½; ``root`` is D^-½."""
        values, vectors = _eigenpairs(pairs, root, self.eigenpairs or 0, seed)
        filtered = np.mean([values**power for power in range(1, self.window + 1)], axis=0)
        right = np.ascontiguousarray((root[:, None] * vectors).T, np.float32)
        left = (root[:, None] * vectors * (filtered * scale)).astype(np.float32)
        for start, stop in column_blocks(len(root)):
            yield left[start:stop] @ right


def _walked(step: CSR, scale: F64, window: int) -> Iterator[F32]:
    """Make blocks of rows of Σ_{r=1..window} (D⁻¹A)^r diag(scale), symmetric, by blocks of columns."""
    for start, stop in column_blocks(step.rows):
        walked = diagonal_columns(scale, start, stop)
        total = np.zeros_like(walked)
        for _ in range(window):
            walked = spmm(step, walked)
            total += walked
        yield np.ascontiguousarray(total.T)


def _eigenpairs(pairs: CSR, root: F64, count: int, seed: int) -> tuple[F64, F64]:
    """Return the algebraically largest eigenvalues [h] of D^-½ A D^-½ and their eigenvectors [nodes, h]."""
    weight = pairs.weights() * root[pairs.sources()] * root[pairs.indices]
    shape = (pairs.rows, pairs.columns)
    scaled = scipy.sparse.csr_array((weight, pairs.indices, pairs.indptr), shape=shape)
    if count >= pairs.rows:
        values, vectors = scipy.linalg.eigh(scaled.toarray())
    else:
        start = np.random.default_rng(seed).uniform(0.5, 1.5, pairs.rows)
        values, vectors = eigsh(scaled, k=count, which="LA", v0=start)
    return values, vectors
