"""Bayesian factorization: each draw follows its conditional, and the vectors give the mean scores."""

import numpy as np
import pytest
import scipy.sparse
from scipy.special import ndtri
from scipy.stats import truncnorm

from embedding_features.errors import GraphError
from embedding_features.graph import CSR
from embedding_features.graph.propagation import balanced_chunks
from embedding_features.graph.view import GraphView
from embedding_features.solvers.bpmf import BPMF
from embedding_features.solvers.bpmf.draws import draw_rows, hidden_scores, pair_scores
from embedding_features.solvers.bpmf.low_rank import low_rank
from embedding_features.solvers.bpmf.prior import Prior, wishart
from tests.graph_views import matrix_view


def test_hidden_scores_have_the_mean_of_the_cut_normal() -> None:
    rng = np.random.default_rng(0)
    for mean, sign in ((0.0, 1.0), (1.5, 1.0), (1.5, -1.0), (-4.0, 1.0)):
        drawn = hidden_scores(np.full(40_000, mean), np.full(40_000, sign), rng)
        assert (drawn * sign > 0).all()
        low, high = (-mean, np.inf) if sign > 0 else (-np.inf, -mean)
        assert drawn.mean() == pytest.approx(truncnorm.mean(low, high, loc=mean), abs=0.02)
        assert drawn.std() == pytest.approx(truncnorm.std(low, high, loc=mean), rel=0.03)


def test_hidden_scores_stay_finite_far_out() -> None:
    drawn = hidden_scores(np.array([30.0, -30.0]), np.array([-1.0, 1.0]), np.random.default_rng(0))
    assert np.isfinite(drawn).all()


def _matrix(rng: np.random.Generator, rows: int = 9, columns: int = 7) -> CSR:
    pairs = rng.choice(rows * columns, 25, replace=False)
    return CSR.from_edges(pairs // columns, pairs % columns, (rows, columns))


def test_rows_are_drawn_from_their_normal() -> None:
    """Without noise the draw is the posterior mean; noise e_k moves it by column k of L^-ᵀ."""
    rng = np.random.default_rng(1)
    matrix, dim = _matrix(rng), 3
    target, other = rng.standard_normal(matrix.edges), rng.standard_normal((7, dim))
    mean, root = rng.standard_normal((9, dim)), rng.standard_normal((dim, dim))
    precision = root @ root.T + np.eye(dim)
    for noise in (np.zeros(dim), np.array([0.0, 1.0, 0.0])):
        out = np.empty((9, dim))
        whole = np.tile(noise, (9, 1))
        draw_rows(
            matrix.indptr, matrix.indices, target, other, mean, precision, whole, balanced_chunks(matrix), out
        )
        for row in range(9):
            edges = slice(matrix.indptr[row], matrix.indptr[row + 1])
            v = other[matrix.indices[edges]]
            a, b = precision + v.T @ v, precision @ mean[row] + v.T @ target[edges]
            wanted = np.linalg.solve(a, b) + np.linalg.solve(np.linalg.cholesky(a).T, noise)
            np.testing.assert_allclose(out[row], wanted, rtol=1e-9)


def test_pair_scores_are_dot_products() -> None:
    rng = np.random.default_rng(2)
    matrix, x, y = _matrix(rng), rng.standard_normal((9, 4)), rng.standard_normal((7, 4))
    out = np.empty(matrix.edges)
    pair_scores(matrix.indptr, matrix.indices, x, y, balanced_chunks(matrix), out)
    np.testing.assert_allclose(out, (x @ y.T)[matrix.sources(), matrix.indices])


def test_the_mean_of_wishart_draws() -> None:
    rng = np.random.default_rng(3)
    scatter = np.array([[2.0, 0.5], [0.5, 1.0]])
    drawn = np.mean([wishart(6, scatter, rng) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(drawn, 6 * np.linalg.inv(scatter), rtol=0.06)


def test_the_prior_finds_mean_spread_and_effects() -> None:
    """4,000 rows of known mean, covariance and effect of one attribute."""
    rng = np.random.default_rng(4)
    has = rng.random(4000) < 0.3
    covariance = np.array([[0.5, 0.2], [0.2, 0.4]])
    vectors = rng.multivariate_normal([1.0, -2.0], covariance, 4000) + has[:, None] * np.array([0.0, 3.0])
    prior = Prior(scipy.sparse.csr_array(has[:, None].astype(float)), 2)
    for _ in range(10):
        mean, precision = prior.draw(vectors, rng)
    np.testing.assert_allclose(mean[~has][0], [1, -2], atol=0.07)
    np.testing.assert_allclose(mean[has][0], [1, 1], atol=0.12)
    np.testing.assert_allclose(np.linalg.inv(precision), covariance, atol=0.06)


def test_low_rank_equals_the_truncated_decomposition() -> None:
    rng = np.random.default_rng(5)
    scale = 0.7 ** np.arange(12)
    left = (rng.standard_normal((40, 12)) * scale).astype(np.float32)
    right = rng.standard_normal((30, 12)).astype(np.float32)
    x, y = low_rank(left, right, 4, 3, rng)
    u, s, v = np.linalg.svd(left.astype(np.float64) @ right.T / 3)
    np.testing.assert_allclose(x @ y.T, u[:, :4] * s[:4] @ v[:4], atol=2e-3)
    np.testing.assert_allclose((x**2).sum(axis=0), s[:4], rtol=1e-3)


def test_low_rank_pads_what_is_beyond_the_rank() -> None:
    left, right = np.ones((3, 1), np.float32), np.ones((2, 1), np.float32)
    x, y = low_rank(left, right, 5, 1, np.random.default_rng(0))
    np.testing.assert_allclose(x @ y.T, 1, atol=1e-5)
    assert not x[:, 1:].any()


def _view(sign: np.ndarray, users: np.ndarray, items: np.ndarray, shape: tuple[int, int]) -> GraphView:
    forward = CSR.from_edges(users, items, shape, sign.astype(np.float32))
    return matrix_view(forward, name="judged")


def test_one_repeated_taste_is_a_constant_probability() -> None:
    """Labels without structure, a share p of likes: every score is near Φ^-1(p)."""
    rng = np.random.default_rng(6)
    users, items = np.divmod(np.arange(60 * 50), 50)
    sign = np.where(rng.random(3000) < 0.7, 1, -1)
    x, y = BPMF(dim=8, factors=2).solve(_view(sign, users, items, (60, 50)))
    scores = x @ y.T
    assert scores.mean() == pytest.approx(ndtri(0.7), abs=0.06)
    assert scores.std() < 0.15


def test_a_pair_of_weight_zero_is_refused() -> None:
    view = _view(np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 1]), (2, 2))
    with pytest.raises(GraphError, match="one is 0"):
        BPMF().solve(view)
