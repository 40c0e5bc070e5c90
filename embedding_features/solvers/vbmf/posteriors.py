"""Gaussian posteriors of one side's vectors given the other's: the update that fitting and folding in share.

A vector has D numbers, one of which is known to be 1: a user's is (1, b_u, p_u), an item's (c_i, 1, q_i), so
that their product is c_i + b_u + ⟨p_u, q_i⟩.
"""

import numba
import numpy as np

from embedding_features.arrays import F64, I32, I64
from embedding_features.jit import jit, piece, working_memory


@jit(parallel=True)
def update_posteriors(
    indptr: I64,
    indices: I32,
    target: F64,
    other: F64,
    other_covariance: F64,
    noise: float,
    precision: F64,
    prior_mean: F64,
    known: int,
    bounds: I64,
    mean: F64,
    covariance: F64,
) -> None:
    """Set ``mean`` [rows, D] and ``covariance`` [rows, D, D] to each row's posterior, 1 and 0 at ``known``.

    A row's precision is diag(``precision``) + Σ E[v vᵀ] / ``noise`` over its edges, v the other side's
    vectors with E[v vᵀ] = ``other`` ``other``ᵀ + ``other_covariance``; its linear term is ``precision`` ·
    ``prior_mean`` + Σ ``target`` · ``other`` / ``noise``. The row and column of the known 1 are taken out.

    Args:
        indptr: [rows + 1] edges of each row.
        indices: [edges] row of ``other``.
        target: [edges] what the product is to be.
        other: [columns, D] means of the other side.
        other_covariance: [columns, D, D].
        noise: variance of ``target`` around the product.
        precision: [D] of the prior.
        prior_mean: [rows, D].
        known: position of the 1.
        bounds: row bounds of chunks that run beside each other.
        mean: [rows, D] written to.
        covariance: [rows, D, D] written to.
    """
    dim = other.shape[1]
    for chunk in numba.prange(len(bounds) - 1):
        memory = working_memory(3, dim * dim, other)
        root = piece(memory, 0, dim * dim).reshape(dim, dim)
        linear = piece(memory, 1, dim * dim)[:dim]
        column = piece(memory, 2, dim * dim)[:dim]
        for row in range(bounds[chunk], bounds[chunk + 1]):
            for a in range(dim):
                linear[a] = 0.0
                for b in range(a + 1):
                    root[a, b] = 0.0
            for edge in range(indptr[row], indptr[row + 1]):
                item = indices[edge]
                for a in range(dim):
                    linear[a] += target[edge] * other[item, a]
                    for b in range(a + 1):
                        root[a, b] += other[item, a] * other[item, b] + other_covariance[item, a, b]
            solve_posterior(
                root, linear, noise, precision, prior_mean[row], known, column, mean[row], covariance[row]
            )


@jit()
def solve_posterior(
    root: F64,
    linear: F64,
    noise: float,
    precision: F64,
    prior_mean: F64,
    known: int,
    column: F64,
    mean: F64,
    covariance: F64,
) -> None:
    """Turn sums over edges into one row's posterior.

    Args:
        root: [D, D] lower triangle of Σ E[v vᵀ]; its Cholesky factor afterwards.
        linear: [D] Σ target · v; used up.
        noise: as of :func:`update_posteriors`.
        precision: likewise.
        prior_mean: [D] of this row.
        known: as of :func:`update_posteriors`.
        column: [D] working memory.
        mean: [D] written to.
        covariance: [D, D] written to.
    """
    dim = len(linear)
    for a in range(dim):
        with_known = root[a, known] if a >= known else root[known, a]
        linear[a] = (linear[a] - with_known) / noise + precision[a] * prior_mean[a]
    for a in range(dim):
        for b in range(a + 1):
            root[a, b] = 0.0 if a == known or b == known else root[a, b] / noise
        root[a, a] += precision[a]
    root[known, known], linear[known] = 1.0, 1.0
    _cholesky(root)
    for b in range(dim):
        for a in range(dim):
            column[a] = 1.0 if a == b else 0.0
        _solve(root, column)
        for a in range(dim):
            covariance[a, b] = column[a]
    for a in range(dim):
        total = 0.0
        for b in range(dim):
            total += covariance[a, b] * linear[b]
        mean[a] = total
    for a in range(dim):
        covariance[a, known] = covariance[known, a] = 0.0
    mean[known] = 1.0


@jit()
def _cholesky(root: F64) -> None:
    """Replace the lower triangle of a positive definite matrix by its Cholesky factor."""
    for a in range(len(root)):
        for b in range(a + 1):
            total = root[a, b]
            for c in range(b):
                total -= root[a, c] * root[b, c]
            root[a, b] = np.sqrt(total) if a == b else total / root[b, b]


@jit()
def _solve(root: F64, column: F64) -> None:
    """Solve L Lᵀ x = ``column`` in place."""
    dim = len(column)
    for a in range(dim):
        for c in range(a):
            column[a] -= root[a, c] * column[c]
        column[a] /= root[a, a]
    for a in range(dim - 1, -1, -1):
        for c in range(a + 1, dim):
            column[a] -= root[c, a] * column[c]
        column[a] /= root[a, a]


@jit(parallel=True)
def expected_products(
    indptr: I64,
    indices: I32,
    mean: F64,
    covariance: F64,
    other: F64,
    other_covariance: F64,
    bounds: I64,
    out: F64,
) -> None:
    """Set ``out`` [edges, 2] to the mean of u · v and of (u · v)² at each edge, u and v independent."""
    dim = mean.shape[1]
    for chunk in numba.prange(len(bounds) - 1):
        for row in range(bounds[chunk], bounds[chunk + 1]):
            for edge in range(indptr[row], indptr[row + 1]):
                item, first, second = indices[edge], 0.0, 0.0
                for a in range(dim):
                    first += mean[row, a] * other[item, a]
                    for b in range(dim):
                        u = mean[row, a] * mean[row, b] + covariance[row, a, b]
                        v = other[item, a] * other[item, b] + other_covariance[item, a, b]
                        second += u * v
                out[edge, 0], out[edge, 1] = first, second
