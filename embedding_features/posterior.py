"""The Gaussian posterior of one vector, given products with known vectors: Bayesian linear regression."""

import numpy as np

from embedding_features.arrays import F64
from embedding_features.jit import jit


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
    """Set ``mean`` and ``covariance`` to the posterior of z, as :func:`solve_posterior_mean` has it.

    ``covariance`` [D, D] is written to; the other arguments are those of that function.
    """
    solve_posterior_mean(root, linear, noise, precision, prior_mean, known, column, mean)
    posterior_covariance(root, known, column, covariance)


@jit()
def solve_posterior_mean(
    root: F64,
    linear: F64,
    noise: float,
    precision: F64,
    prior_mean: F64,
    known: int,
    column: F64,
    mean: F64,
) -> None:
    """Set ``mean`` to the posterior mean of z, where y_e ~ N(z · v_e, noise) and z ~ N(prior).

    The posterior's precision is ``precision`` + Σ E[v vᵀ] / ``noise``, its linear term ``precision``
    ``prior_mean`` + Σ y v / ``noise`` (Bishop, Pattern Recognition and Machine Learning, 2006, eqs. 3.50 and
    3.51). A number of z that is known to be 1 is taken out of the regression.

    Args:
        root: [D, D] lower triangle of Σ E[v vᵀ] over the events; afterwards the precision's Cholesky factor,
            and its transpose above the diagonal.
        linear: [D] Σ y v over the events; used up.
        noise: variance of y around the product.
        precision: [D, D] of the prior.
        prior_mean: [D] of the prior.
        known: position of the 1; -1 where no number is known.
        column: [D] working memory.
        mean: [D] written to.
    """
    dim = len(linear)
    for a in range(dim):
        with_known = 0.0 if known < 0 else (root[a, known] if a >= known else root[known, a])
        column[a] = (linear[a] - with_known) / noise
        for b in range(dim):
            if b != known:
                column[a] += precision[a, b] * prior_mean[b]
    for a in range(dim):
        linear[a] = column[a]
        for b in range(a + 1):
            root[a, b] = 0.0 if a == known or b == known else root[a, b] / noise + precision[a, b]
    if known >= 0:
        root[known, known], linear[known] = 1.0, 1.0
    _cholesky(root)
    mean[:] = linear
    _solve(root, mean)


@jit()
def posterior_covariance(root: F64, known: int, column: F64, covariance: F64) -> None:
    """Set ``covariance`` to the posterior's, 0 at the known number, from its precision's Cholesky factor."""
    dim = len(root)
    for b in range(dim):
        for a in range(dim):
            column[a] = 1.0 if a == b else 0.0
        _solve(root, column)
        for a in range(dim):
            covariance[a, b] = column[a]
    if known >= 0:
        for a in range(dim):
            covariance[a, known] = covariance[known, a] = 0.0


@jit()
def posterior_variance(root: F64, known: int, column: F64, vector: F64) -> float:
    """Return the variance of z · ``vector`` by the posterior of :func:`solve_posterior_mean`.

    In D² steps: with L = ``root`` and L Lᵀ the precision, vᵀ (L Lᵀ)⁻¹ v = |L⁻¹ v|².
    """
    dim, total = len(vector), 0.0
    column[:] = vector
    if known >= 0:
        column[known] = 0.0
    for a in range(dim):
        solved = column[a] / root[a, a]
        total += solved * solved
        # what is done to the numbers up to a is never read: a loop of all of them is vectorized
        for b in range(dim):
            column[b] -= root[a, b] * solved
    return total


@jit()
def _cholesky(root: F64) -> None:
    """Replace the lower triangle of a positive definite matrix by its Cholesky factor, the upper likewise."""
    for a in range(len(root)):
        for b in range(a + 1):
            total = root[a, b]
            for c in range(b):
                total -= root[a, c] * root[b, c]
            root[a, b] = root[b, a] = np.sqrt(total) if a == b else total / root[b, b]


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
