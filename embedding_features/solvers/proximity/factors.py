"""Factors U S^½ of a matrix that says how near nodes are, and such matrices' positive logarithms."""

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32, F64, AnyArray
from embedding_features.artifact.metric import as_compared
from embedding_features.graph.csr import CSR
from embedding_features.progress import Advance
from embedding_features.solvers.orthonormal import (
    component_signs,
    descending_roots,
    gram,
    pad_columns,
    product,
)
from embedding_features.solvers.proximity.base import ProximitySolver
from embedding_features.solvers.subspace import EXACT, RESOLUTION, exact_singular, randomized_singular

#: floats of a block of rows or columns of a dense matrix: 64 MB
_BLOCK = 1 << 24


class FactoredProximity(ProximitySolver):
    """A solver whose vectors are factors of a matrix, found by truncated singular value decomposition.

    The decomposition is that of :class:`.Spectral`: randomized subspace iteration, or exact where the graph
    is small. Each component's largest entry is positive; components beyond the rank are zero.

    Attributes:
        dim: width of the vectors.
        iterations: subspace iterations after the first product.
        oversampling: extra components carried along and dropped at the end.
    """

    dim: int = Field(default=128, ge=1)
    iterations: int = Field(default=5, ge=0)
    oversampling: int = Field(default=16, ge=0)

    def factor(self, transposed: CSR, dim: int, seed: int, advance: Advance) -> F32:
        """Return U S^½ [n, dim] of the decomposition U S Vᵀ of a matrix [n, n], given its transpose."""
        width = dim + self.oversampling
        if transposed.columns <= max(EXACT, width):
            left, singular = exact_singular(transposed)
            advance(self.iterations + 1)
        else:
            left, singular = randomized_singular(transposed, width, self.iterations, seed, advance)
        kept = int((singular[:dim] > RESOLUTION * singular[0]).sum())
        left = left[:, :kept]
        left[np.bincount(transposed.indices, transposed.weights() != 0, minlength=len(left)) == 0] = 0
        return pad_columns(left * (singular[:kept] ** 0.5).astype(np.float32) * component_signs(left), dim)


def tall_factor(tall: F32) -> F32:
    """Return U S^½ [n, k] of the decomposition U S Vᵀ of a dense matrix [n, k] with few columns."""
    singular, right = descending_roots(gram(tall))
    kept = singular > RESOLUTION * singular[0]
    factor = product(tall, right[:, kept] * singular[kept] ** -0.5)
    return pad_columns(factor * component_signs(factor), tall.shape[1])


def unit_rows(vectors: F32) -> F32:
    """Return vectors of length 1, zero vectors as they are."""
    return as_compared(vectors, "cosine")


def column_blocks(nodes: int) -> list[tuple[int, int]]:
    """Return where blocks of columns of a dense [nodes, nodes] matrix begin and end."""
    width = max(64, _BLOCK // nodes // 64 * 64)
    return [(start, min(start + width, nodes)) for start in range(0, nodes, width)]


def diagonal_columns(diagonal: F64, start: int, stop: int) -> F32:
    """Return columns ``start`` to ``stop`` of the matrix with that diagonal and zeros beside it."""
    columns = np.zeros((len(diagonal), stop - start), np.float32)
    columns[np.arange(start, stop), np.arange(stop - start)] = diagonal[start:stop]
    return columns


def positive_logs(blocks: Iterable[F32], columns: int) -> CSR:
    """Return log(max(1, x)) of each entry of a dense matrix, the zeros left out.

    Args:
        blocks: consecutive rows [some, columns] of the matrix.
        columns: number of columns.
    """
    counts: list[AnyArray] = []
    indices: list[AnyArray] = []
    logs: list[AnyArray] = []
    for block in blocks:
        above = block > 1
        counts.append(np.count_nonzero(above, axis=1))
        indices.append((np.flatnonzero(above) % columns).astype(np.int32))
        logs.append(np.log(block[above]))
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(counts))])
    return CSR(indptr, np.concatenate(indices), columns, np.concatenate(logs))
