"""The random draws of a Gibbs sweep: hidden scores of the pairs, and the rows of one side given the other."""

import math

import numba
import numpy as np
import scipy.special

from embedding_features.arrays import F64, I32, I64
from embedding_features.jit import jit, piece, working_memory
from embedding_features.solvers.dot_product import dot


def hidden_scores(mean: F64, sign: F64, rng: np.random.Generator) -> F64:
    """Draw [n] numbers of N(mean, 1), cut to the side of 0 that ``sign`` (±1) names (Albert & Chib, 1993).

    By inversion: w = Φ^-1(u Φ(t)) is normal below t = sign · mean, hence sign (t - w) is such a number.
    """
    bound = sign * mean
    below = scipy.special.ndtri(rng.uniform(1e-12, 1, len(mean)) * scipy.special.ndtr(bound))
    return np.asarray(sign * (bound - below), np.float64)


@jit(parallel=True)
def pair_scores(indptr: I64, indices: I32, x: F64, y: F64, bounds: I64, out: F64) -> None:
    """Set ``out`` [edges] to the dot products of ``x`` [rows, dim] and ``y`` [columns, dim] at the edges."""
    for chunk in numba.prange(len(bounds) - 1):
        for row in range(bounds[chunk], bounds[chunk + 1]):
            for edge in range(indptr[row], indptr[row + 1]):
                out[edge] = dot(x[row], y[indices[edge]])


@jit(parallel=True)
def draw_rows(
    indptr: I64,
    indices: I32,
    target: F64,
    other: F64,
    mean: F64,
    precision: F64,
    noise: F64,
    bounds: I64,
    out: F64,
) -> None:
    """Draw each row of ``out`` [rows, dim] from its normal posterior.

    Its precision is A = Λ + Σ v vᵀ over the row's edges, v the rows of ``other``, its mean
    A^-1 (Λ mean + Σ target · v); with A = L Lᵀ the draw is L^-ᵀ (L^-1 b + noise).
    """
    dim = other.shape[1]
    for chunk in numba.prange(len(bounds) - 1):
        memory = working_memory(2, dim * dim, other)
        root, vector = piece(memory, 0, dim * dim).reshape(dim, dim), piece(memory, 1, dim * dim)[:dim]
        for row in range(bounds[chunk], bounds[chunk + 1]):
            vector[:] = 0.0
            for c in range(dim):
                for a in range(dim):  # row by row, as precision is symmetric
                    root[c, a] = precision[c, a]
                    vector[a] += precision[c, a] * mean[row, c]
            for edge in range(indptr[row], indptr[row + 1]):
                column, value = indices[edge], target[edge]
                for a in range(dim):
                    weight = other[column, a]
                    vector[a] += value * weight
                    for c in range(a + 1):
                        root[a, c] += weight * other[column, c]
            _factorize(root)
            _solve(root, vector, noise[row])
            out[row] = vector


@jit()
def _factorize(matrix: F64) -> None:
    """Replace ``matrix`` by its lower Cholesky factor; what is above the diagonal is left as it was."""
    for a in range(len(matrix)):
        for c in range(a + 1):
            rest = matrix[a, c] - dot(matrix[a, :c], matrix[c, :c])
            matrix[a, c] = math.sqrt(rest) if a == c else rest / matrix[c, c]


@jit()
def _solve(root: F64, vector: F64, noise: F64) -> None:
    """Replace ``vector`` by L^-ᵀ (L^-1 vector + noise)."""
    dim = len(vector)
    for a in range(dim):
        vector[a] = (vector[a] - dot(root[a, :a], vector[:a])) / root[a, a]
    vector += noise
    for a in range(dim - 1, -1, -1):
        vector[a] /= root[a, a]
        for k in range(a):
            vector[k] -= root[a, k] * vector[a]
