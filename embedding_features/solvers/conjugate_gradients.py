"""Conjugate gradients on the normal equations of all rows at once.

Every sum is in an order that the source states, so that the vectors do not depend on who compiled the kernel,
the process itself or one before it that left it in numba's cache.
"""

import numba
import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.jit import jit, piece, working_memory
from embedding_features.solvers.dot_product import dot


@jit(parallel=True)
def conjugate_gradients(
    indptr: I64,
    indices: I32,
    weight: F32,
    x: F32,
    y: F32,
    gram: F32,
    ridge: F32,
    steps: int,
    bounds: I64,
) -> None:
    """Move every row x of ``x`` towards the solution of A x = b, by steps of conjugate gradients, in place.

    A = gram + Σ w y yᵀ + ridge I and b = Σ w y, summed over the row's edges. Rows without edges stay.

    Args:
        indptr: [rows + 1] where the edges of each row begin.
        indices: [edges] column of each edge.
        weight: [edges] w.
        x: [rows, dim] where each row starts.
        y: [columns, dim] vectors of the other side.
        gram: [dim, dim] what is common to all rows.
        ridge: [rows] the penalty of each row.
        steps: at most so many for each row.
        bounds: rows at which the work is divided among threads.
    """
    dim = x.shape[1]
    for chunk in numba.prange(len(bounds) - 1):
        memory = working_memory(3, dim, x)
        residual, direction, image = piece(memory, 0, dim), piece(memory, 1, dim), piece(memory, 2, dim)
        for row in range(bounds[chunk], bounds[chunk + 1]):
            begin, end = indptr[row], indptr[row + 1]
            if begin == end:
                continue
            _apply(indices, weight, y, gram, ridge[row], begin, end, x[row], image)
            for c in range(dim):
                residual[c] = -image[c]
            for edge in range(begin, end):
                w, column = weight[edge], indices[edge]
                for c in range(dim):
                    residual[c] += w * y[column, c]
            for c in range(dim):
                direction[c] = residual[c]
            square = dot(residual, residual)
            for _ in range(steps):
                if square < np.float32(1e-20):
                    break
                _apply(indices, weight, y, gram, ridge[row], begin, end, direction, image)
                step = square / dot(direction, image)
                for c in range(dim):
                    x[row, c] += step * direction[c]
                    residual[c] -= step * image[c]
                before, square = square, dot(residual, residual)
                for c in range(dim):
                    direction[c] = residual[c] + square / before * direction[c]


@jit()
def _apply(
    indices: I32,
    weight: F32,
    y: F32,
    gram: F32,
    ridge: float,
    begin: int,
    end: int,
    vector: F32,
    out: F32,
) -> None:
    """Set ``out`` to (gram + Σ w y yᵀ + ridge I) ``vector``, over the edges from ``begin`` to ``end``."""
    dim = len(vector)
    for c in range(dim):
        out[c] = ridge * vector[c]
    for k in range(dim):
        part = vector[k]
        for c in range(dim):
            out[c] += part * gram[k, c]
    for edge in range(begin, end):
        column = indices[edge]
        score = weight[edge] * dot(y[column], vector)
        for c in range(dim):
            out[c] += score * y[column, c]
