"""NetMF's matrix by hand and by dense powers, and its factor by LAPACK."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import NetMF, factors
from tests.unit.solvers.proximity.graphs import (
    dense,
    random_graph,
    root_factor,
    transition_matrix,
    triangle_with_tail,
)

LOG = np.log


def _matrix(adjacency: CSR, window: int, negatives: float) -> F64:
    """log max(1, M), the sum of powers written out."""
    step, a = transition_matrix(adjacency), dense(adjacency)
    total = sum(np.linalg.matrix_power(step, r) for r in range(1, window + 1))
    degrees = a.sum(axis=0)
    scaled = total / np.where(degrees > 0, degrees, np.inf) * a.sum() / (negatives * window)
    return np.log(np.maximum(scaled, 1))


@pytest.mark.parametrize("eigenpairs", [None, 4])
def test_golden_of_one_step(eigenpairs: int | None) -> None:
    """M_ij = vol A_ij / (d_i d_j) with degrees 2, 2, 3, 1 and vol 8."""
    found = NetMF(window=1, eigenpairs=eigenpairs).matrix(triangle_with_tail())
    wanted = [
        [0, LOG(2), LOG(4 / 3), 0],
        [LOG(2), 0, LOG(4 / 3), 0],
        [LOG(4 / 3), LOG(4 / 3), 0, LOG(8 / 3)],
        [0, 0, LOG(8 / 3), 0],
    ]
    np.testing.assert_allclose(dense(found), wanted, atol=1e-6)


@pytest.mark.parametrize("eigenpairs", [None, 4])
def test_golden_of_two_steps(eigenpairs: int | None) -> None:
    """M = 4 (D⁻¹AD⁻¹ + D⁻¹AD⁻¹AD⁻¹): M_01 = 4 (1/4 + 1/12), M_23 = 4/3, M_33 = 4/3; no other is above 1."""
    found = NetMF(window=2, eigenpairs=eigenpairs).matrix(triangle_with_tail())
    wanted = np.zeros((4, 4))
    for row, column in [(0, 1), (1, 0), (2, 3), (3, 2), (3, 3)]:
        wanted[row, column] = LOG(4 / 3)
    np.testing.assert_allclose(dense(found), wanted, atol=1e-6)


@pytest.mark.parametrize("block", [1, 1 << 24])  # blocks of 64 columns, and one block
@pytest.mark.parametrize(("window", "negatives"), [(1, 1.0), (3, 1.0), (5, 0.5)])
@pytest.mark.parametrize("eigenpairs", [None, 150])
def test_matrix_is_that_of_dense_powers(
    monkeypatch: pytest.MonkeyPatch, block: int, window: int, negatives: float, eigenpairs: int | None
) -> None:
    monkeypatch.setattr(factors, "_BLOCK", block)
    graph = random_graph(150, seed=window)
    found = NetMF(window=window, negatives=negatives, eigenpairs=eigenpairs).matrix(graph)
    np.testing.assert_allclose(dense(found), _matrix(graph, window, negatives), atol=2e-5)
    assert (found.weights() > 0).all()


def test_few_eigenpairs_are_the_largest() -> None:
    """The matrix of h eigenpairs, by LAPACK's decomposition of D^-½ A D^-½."""
    graph = random_graph(90, seed=0)
    a = dense(graph)
    root = np.divide(1, np.sqrt(a.sum(axis=0)), out=np.zeros(90), where=a.sum(axis=0) > 0)
    values, vectors = np.linalg.eigh(root[:, None] * a * root)
    values, vectors = values[-12:], vectors[:, -12:]
    filtered = sum(values**r for r in range(1, 5)) / 4
    wanted = a.sum() * (root[:, None] * vectors * filtered) @ (root[:, None] * vectors).T
    found = NetMF(window=4, eigenpairs=12).matrix(graph, seed=3)
    np.testing.assert_allclose(dense(found), np.log(np.maximum(wanted, 1)), atol=2e-5)


def test_vectors_are_the_factor_of_the_matrix() -> None:
    graph = random_graph(150, seed=1)
    found = NetMF(dim=16, window=3, eigenpairs=None).solve(graph)
    wanted = root_factor(_matrix(graph, 3, 1.0), 16)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-3)
    assert not found[-1].any()  # the node without edges


def test_randomized_iteration_finds_the_leading_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factors, "EXACT", 0)
    graph = random_graph(300, seed=2)
    found = NetMF(dim=3, window=3, eigenpairs=None, iterations=12).solve(graph)
    wanted = root_factor(_matrix(graph, 3, 1.0), 3)
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=0.02)
    again = NetMF(dim=3, window=3, eigenpairs=None, iterations=12).solve(graph)
    np.testing.assert_array_equal(found, again)


def test_components_beyond_the_rank_are_zero() -> None:
    found = NetMF(dim=6, window=1, eigenpairs=None).solve(triangle_with_tail())
    assert found.shape == (4, 6)
    assert not found[:, 4:].any()
    wanted = root_factor(_matrix(triangle_with_tail(), 1, 1.0), 4)
    np.testing.assert_allclose(found[:, :4] @ found[:, :4].T, wanted @ wanted.T, atol=1e-5)
