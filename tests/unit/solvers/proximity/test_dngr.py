"""DNGR's matrix by hand and by dense algebra, its noise, and what it learns of planted blocks."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import DNGR, factors
from embedding_features.solvers.proximity.dngr import corrupted
from tests.unit.solvers.proximity.graphs import (
    block_cosines,
    dense,
    random_graph,
    transition_matrix,
    triangle_with_tail,
)


def _matrix(graph: CSR, steps: int, alpha: float) -> F64:
    """The positive pointwise mutual information, as the authors' code makes it."""
    step, home = transition_matrix(graph), np.eye(graph.rows)
    surfed, total = home, np.zeros_like(home)
    for _ in range(steps):
        surfed = alpha * surfed @ step + (1 - alpha) * home
        total += surfed
    np.fill_diagonal(total, 0)
    rows = total.sum(axis=1, keepdims=True)
    total = np.divide(total, rows, out=np.zeros_like(total), where=rows > 0)
    columns = total.sum(axis=0)
    expected = np.outer(total.sum(axis=1), columns) / total.sum()
    ratio = np.divide(total, expected, out=np.zeros_like(total), where=expected > 0)
    return np.log(np.maximum(ratio, 1))


def test_golden_of_one_step() -> None:
    """Chances ½, ½ | ½, ½ | ⅓, ⅓, ⅓ | 1; columns add up to 5/6, 5/6, 2 and 1/3, all to D = 4."""
    found = dense(DNGR(steps=1).matrix(triangle_with_tail()))
    wanted = np.zeros((4, 4))
    wanted[0, 1] = wanted[1, 0] = np.log(4 * (1 / 2) / (5 / 6))
    wanted[2, 0] = wanted[2, 1] = np.log(4 * (1 / 3) / (5 / 6))
    wanted[2, 3] = np.log(4 * (1 / 3) / (1 / 3))
    wanted[3, 2] = np.log(4 / 2)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("block", [1, 1 << 24])  # blocks of 64 columns, and one block
@pytest.mark.parametrize(("steps", "alpha"), [(2, 1.0), (10, 0.98), (4, 0.5)])
def test_matrix_is_that_of_dense_algebra(
    monkeypatch: pytest.MonkeyPatch, block: int, steps: int, alpha: float
) -> None:
    monkeypatch.setattr(factors, "_BLOCK", block)
    graph = random_graph(150, seed=steps)
    found = DNGR(steps=steps, alpha=alpha).matrix(graph)
    np.testing.assert_allclose(dense(found), _matrix(graph, steps, alpha), atol=1e-4)


def test_a_directed_graph_is_surfed_along_its_edges() -> None:
    rng = np.random.default_rng(0)
    src, dst = np.nonzero((rng.random((20, 20)) < 0.2) & ~np.eye(20, dtype=np.bool_))
    graph = CSR.from_edges(src, dst, (20, 20))
    np.testing.assert_allclose(dense(DNGR(steps=3).matrix(graph)), _matrix(graph, 3, 0.98), atol=1e-4)


def test_noise_sets_a_share_of_entries_to_zero() -> None:
    graph = random_graph(150, seed=1)
    left = corrupted(graph, 0.3, np.random.default_rng(0)).weights()
    assert (left == 0).mean() == pytest.approx(0.3, abs=0.03)
    np.testing.assert_array_equal(left[left > 0], graph.weights()[left > 0])


@pytest.mark.parametrize("seed", [0, 1])
def test_blocks_are_found(seed: int) -> None:
    graph = random_graph(91, seed=seed)
    dngr = DNGR(dim=4, hidden=32, epochs=60, batch_size=16, columns=32, learning_rate=0.01)
    within, between = block_cosines(dngr.solve(graph, seed=seed)[:90])
    assert within > between + 0.8


def test_vectors_are_a_function_of_the_seed_and_zero_without_edges() -> None:
    graph, dngr = random_graph(40, seed=2), DNGR(dim=4, hidden=8, epochs=2, batch_size=16)
    first = dngr.solve(graph, seed=3)
    np.testing.assert_array_equal(dngr.solve(graph, seed=3), first)
    assert np.abs(dngr.solve(graph, seed=4) - first).max() > 0.01
    assert not first[-1].any()
