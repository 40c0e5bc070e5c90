"""ProNE's matrix entry by entry, and its filter against dense polynomials and the dense exponential."""

import numpy as np
import pytest
import scipy.linalg
from numpy.polynomial.chebyshev import cheb2poly
from scipy.special import iv

from embedding_features.arrays import F32, F64
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import ProNE, factors
from embedding_features.solvers.proximity.factors import tall_factor
from embedding_features.solvers.proximity.prone import log_chances, propagated
from tests.unit.solvers.proximity.graphs import (
    dense,
    random_graph,
    root_factor,
    transition_matrix,
    triangle_with_tail,
    unit,
)


def _filtered(graph: CSR, vectors: F32, kernel: F64) -> F64:
    """(A + I)(R − g R) for a dense g."""
    looped = dense(graph) + np.eye(graph.rows)
    return np.asarray(looped @ (vectors - kernel @ vectors))


def _argument(graph: CSR, mu: float) -> F64:
    """½ (L − μ)² − 1, dense."""
    looped = dense(graph) + np.eye(graph.rows)
    shifted = np.eye(graph.rows) * (1 - mu) - looped / looped.sum(axis=1, keepdims=True)
    return np.asarray(shifted @ shifted / 2 - np.eye(graph.rows))


def test_golden_of_the_matrix() -> None:
    """p = ½ from 0, 1; ⅓ from 2; 1 from 3. Column sums 5/6, 5/6, 2, 1/3, to the power ¾ over their sum."""
    found = dense(log_chances(triangle_with_tail()))
    q = np.array([5 / 6, 5 / 6, 2, 1 / 3]) ** 0.75
    q /= q.sum()
    p = np.array([[0, 1 / 2, 1 / 2, 0], [1 / 2, 0, 1 / 2, 0], [1 / 3, 1 / 3, 0, 1 / 3], [0, 0, 1, 0]])
    wanted = np.where(p > 0, np.log(np.where(p > 0, p, 1) / q), 0)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert found[3, 2] == pytest.approx(np.log(1 / q[2]), abs=1e-6)
    assert found[2, 0] < found[1, 0]


def test_weights_and_nodes_without_edges() -> None:
    graph = random_graph(40, seed=0)
    p = transition_matrix(graph)
    q = p.sum(axis=0) ** 0.75 / (p.sum(axis=0) ** 0.75).sum()
    found = dense(log_chances(graph))
    for i, j in zip(*np.nonzero(p), strict=True):
        assert found[i, j] == pytest.approx(np.log(p[i, j]) - np.log(q[j]), abs=1e-5)
    assert not found[p == 0].any()


@pytest.mark.parametrize("order", [2, 3, 6])
@pytest.mark.parametrize(("mu", "theta"), [(0.2, 0.5), (1.0, 2.0)])
def test_filter_is_the_dense_polynomial(order: int, mu: float, theta: float) -> None:
    """e^(−θz) up to T_{order − 1}, as powers of the dense argument."""
    graph = random_graph(40, seed=1)
    vectors = np.random.default_rng(0).standard_normal((40, 5)).astype(np.float32)
    series = [(-1) ** k * (2 - (k == 0)) * iv(k, theta) for k in range(order)]
    z = _argument(graph, mu)
    kernel = sum(c * np.linalg.matrix_power(z, k) for k, c in enumerate(cheb2poly(series)))
    found = propagated(graph, vectors, order, mu, theta)
    np.testing.assert_allclose(found, _filtered(graph, vectors, kernel), atol=1e-4)


def test_ten_polynomials_are_the_gaussian() -> None:
    graph = random_graph(40, seed=2)
    vectors = np.random.default_rng(1).standard_normal((40, 5)).astype(np.float32)
    kernel = scipy.linalg.expm(-0.5 * _argument(graph, 0.2))
    found = propagated(graph, vectors, 10, 0.2, 0.5)
    np.testing.assert_allclose(found, _filtered(graph, vectors, kernel), atol=1e-4)


def test_unfiltered_vectors_are_the_factor_of_the_matrix() -> None:
    graph = random_graph(90, seed=3)
    found = ProNE(dim=8, order=1).solve(graph)
    wanted = unit(root_factor(dense(log_chances(graph)), 8))
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=2e-3)


@pytest.mark.parametrize("exact", [0, 1024])
def test_vectors_are_those_of_dense_algebra(monkeypatch: pytest.MonkeyPatch, exact: int) -> None:
    monkeypatch.setattr(factors, "EXACT", exact)
    graph = random_graph(90, seed=4)
    found = ProNE(dim=8, iterations=30).solve(graph)
    start = unit(root_factor(dense(log_chances(graph)), 8))
    moved = _filtered(graph, start.astype(np.float32), scipy.linalg.expm(-0.5 * _argument(graph, 0.2)))
    u, s, _ = np.linalg.svd(moved, full_matrices=False)
    wanted = unit(u * np.sqrt(s))
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=5e-3)
    np.testing.assert_allclose(np.linalg.norm(found[:-1], axis=1), 1, atol=1e-5)
    assert not found[-1].any()  # the node without edges


def test_a_tall_matrix_of_low_rank_is_factored() -> None:
    rng = np.random.default_rng(0)
    tall = (rng.standard_normal((50, 3)) @ rng.standard_normal((3, 6))).astype(np.float32)
    found = tall_factor(tall)
    u, s, _ = np.linalg.svd(tall.astype(np.float64), full_matrices=False)
    wanted = (u * np.sqrt(s))[:, :3]
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-3)
    assert not found[:, 3:].any()
    assert found.shape == (50, 6)
