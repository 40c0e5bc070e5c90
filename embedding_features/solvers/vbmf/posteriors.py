"""Gaussian posteriors of one side's vectors given the other's: the update that fitting and folding in share.

A vector has D numbers, one of which is known to be 1: a user's is (1, b_u, p_u), an item's (c_i, 1, q_i), so
that their product is c_i + b_u + ⟨p_u, q_i⟩.
"""

import numba

from embedding_features.arrays import F64, I32, I64
from embedding_features.jit import jit, piece, working_memory
from embedding_features.posterior import solve_posterior


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

    A row's precision is ``precision`` + Σ E[v vᵀ] / ``noise`` over its edges, v the other side's
    vectors with E[v vᵀ] = ``other`` ``other``ᵀ + ``other_covariance``; its linear term is ``precision``
    ``prior_mean`` + Σ ``target`` · ``other`` / ``noise``. The row and column of the known 1 are taken out.

    Args:
        indptr: [rows + 1] edges of each row.
        indices: [edges] row of ``other``.
        target: [edges] what the product is to be.
        other: [columns, D] means of the other side.
        other_covariance: [columns, D, D].
        noise: variance of ``target`` around the product.
        precision: [D, D] of the prior.
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
