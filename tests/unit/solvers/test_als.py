"""Implicit ALS: its sweeps solve the normal equations, and it ends where the loss is flat."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.errors import GraphError
from embedding_features.graph import CSR
from embedding_features.graph.view import GraphView
from embedding_features.jit import piece, working_memory
from embedding_features.solvers.ials import IALS
from tests.graph_views import matrix_view, sides


def _view(users: int = 30, items: int = 20, edges: int = 150, seed: int = 0) -> GraphView:
    rng = np.random.default_rng(seed)
    pairs = np.unique(rng.integers(0, users * items, edges))
    weight = rng.uniform(0.5, 3, len(pairs)).astype(np.float32)
    forward = CSR.from_edges(pairs // items, pairs % items, (users, items), weight)
    return matrix_view(forward)


def _weights(view: GraphView) -> F64:
    w = np.zeros((view.matrix().forward.rows, view.matrix().forward.columns))
    w[view.matrix().forward.sources(), view.matrix().forward.indices] = view.matrix().forward.weights()
    return w


def _loss(w: F64, x: F64, y: F64, alpha: float, ridge: float) -> float:
    """The docstring's formula, over all pairs."""
    score = x @ y.T
    users, items = (w.sum(axis=1) > 0).sum(), (w.sum(axis=0) > 0).sum()
    return float(
        (w * (1 - score) ** 2).sum()
        + alpha * (score**2).sum()
        + ridge * ((w.sum(axis=1) + alpha * items) * (x**2).sum(axis=1)).sum()
        + ridge * ((w.sum(axis=0) + alpha * users) * (y**2).sum(axis=1)).sum()
    )


def test_golden() -> None:
    """One pair, one dimension: with y given, x = w y / ((w + α) y² + λ (w + α))."""
    forward = CSR.from_edges(np.array([0]), np.array([0]), (1, 1), np.array([2], np.float32))
    solver = IALS(dim=1, unobserved_weight=0.5, regularization=0.1, iterations=1)
    x, y = np.zeros((1, 1), np.float32), np.full((1, 1), 3, np.float32)
    solver._improve(forward, x, y)
    assert x[0, 0] == pytest.approx(2 * 3 / (2.5 * 9 + 0.1 * 2.5))


def test_one_sweep_solves_the_normal_equations() -> None:
    view = _view()
    solver = IALS(dim=6, unobserved_weight=0.3, regularization=0.05, cg_steps=20)
    y = np.random.default_rng(1).standard_normal((20, 6)).astype(np.float32)
    x = np.zeros((30, 6), np.float32)
    solver._improve(view.matrix().forward, x, y)
    w, active = _weights(view), (_weights(view).sum(axis=0) > 0).sum()
    for user in range(30):
        degree = w[user].sum()
        a = (y.T * w[user]) @ y + 0.3 * y.T @ y + 0.05 * (degree + 0.3 * active) * np.eye(6)
        wanted = np.linalg.solve(a, w[user] @ y) if degree > 0 else np.zeros(6)
        np.testing.assert_allclose(x[user], wanted, rtol=2e-3, atol=2e-4)


def test_the_loss_falls_to_where_it_is_flat() -> None:
    view = _view()
    w = _weights(view)
    losses: list[float] = []
    x, y = np.zeros((30, 4)), np.zeros((20, 4))
    for iterations in (1, 3, 10, 300):
        vectors = sides(IALS(dim=4, regularization=0.05, iterations=iterations), view)
        x, y = (side.astype(np.float64) for side in vectors)
        losses.append(_loss(w, x, y, 0.1, 0.05))
    assert losses == sorted(losses, reverse=True)
    rng = np.random.default_rng(0)
    for _ in range(20):
        dx, dy = 1e-2 * rng.standard_normal(x.shape), 1e-2 * rng.standard_normal(y.shape)
        assert _loss(w, x + dx, y + dy, 0.1, 0.05) > losses[-1]
        slope = (_loss(w, x + dx, y, 0.1, 0.05) - _loss(w, x - dx, y, 0.1, 0.05)) / 2
        assert abs(slope) < 0.02 * np.linalg.norm(dx)


def test_same_seed_same_vectors_and_edgeless_rows_are_zero() -> None:
    view = _view(edges=25)
    one, again, other = (sides(IALS(dim=5), view, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(one[0], again[0])
    assert not np.array_equal(one[1], other[1])
    empty_users, empty_items = view.matrix().forward.degrees == 0, view.matrix().reverse.degrees == 0
    assert empty_users.any()
    assert empty_items.any()
    assert not one[0][empty_users].any()
    assert not one[1][empty_items].any()


def test_negative_weights_are_refused() -> None:
    forward = CSR.from_edges(np.array([0]), np.array([0]), (1, 1), np.array([-2], np.float32))
    with pytest.raises(GraphError, match="the least is -2"):
        sides(IALS(), matrix_view(forward))


def test_working_memory_lies_apart() -> None:
    """LLVM gives up vectors where arrays lie close together: their distance must not be malloc's."""
    memory = working_memory(3, 8, np.zeros(1, np.float32))
    starts = [piece(memory, number, 8).ctypes.data for number in range(3)]
    assert memory.dtype == np.float32
    assert starts[0] - memory.ctypes.data >= 64 * 4
    assert memory.ctypes.data + memory.nbytes - starts[2] - 32 >= 64 * 4
    assert np.diff(starts).tolist() == [(8 + 64) * 4] * 2
