"""TADW: each update is the least of its objective, which never rises."""

import numpy as np
import pytest
import scipy.sparse

from embedding_features.arrays import F32, F64
from embedding_features.errors import DataError
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import TADW
from embedding_features.solvers.proximity.tadw import (
    nearest_features,
    nearest_nodes,
    principal_components,
    tf_idf,
)
from tests.unit.solvers.proximity.graphs import random_graph, transition_matrix, unit

RIDGE = 0.1  # λ/2


def _near(graph: CSR) -> F64:
    step = transition_matrix(graph)
    return np.asarray((step + step @ step) / 2)


def _features(nodes: int, columns: int = 12) -> F32:
    rng = np.random.default_rng(5)
    return rng.standard_normal((nodes, columns)).astype(np.float32)


def _objective(near: F64, w: F64, h: F64, text: F64) -> float:
    """‖M − Wᵀ H T‖² + λ/2 (‖W‖² + ‖H‖²) for Wᵀ [n, k], Hᵀ [f, k] and Tᵀ [n, f]."""
    return float(((near - w @ (text @ h).T) ** 2).sum() + RIDGE * ((w**2).sum() + (h**2).sum()))


def test_nodes_update_has_no_gradient_left() -> None:
    rng = np.random.default_rng(0)
    near, text, h = _near(random_graph(30, 0)), _features(30), rng.standard_normal((12, 4))
    ht = (text @ h).astype(np.float32)
    w = nearest_nodes((near @ ht).astype(np.float32), ht, RIDGE).astype(np.float64)
    gradient = 2 * (w @ ht.T - near) @ ht + 2 * RIDGE * w
    assert np.abs(gradient).max() < 1e-4
    assert np.abs(2 * near @ ht).max() > 0.5  # what it was at w = 0


def test_features_update_has_no_gradient_left() -> None:
    rng = np.random.default_rng(1)
    near, (text, energy) = _near(random_graph(30, 1)), principal_components(_features(30), 12)
    w = rng.standard_normal((30, 4)).astype(np.float32)
    h = nearest_features(np.float64(text.T @ near.T @ w), energy, w, RIDGE)
    gradient = 2 * text.T @ (text @ h @ w.T - near.T) @ w + 2 * RIDGE * h
    assert np.abs(gradient).max() < 1e-3
    assert np.abs(2 * text.T @ near.T @ w).max() > 0.5


def test_gradients_are_those_of_the_objective() -> None:
    """A step aside in any direction raises the objective, as it does at a minimum of a convex function."""
    rng = np.random.default_rng(2)
    near, (text, energy) = _near(random_graph(30, 2)), principal_components(_features(30), 12)
    w = rng.standard_normal((30, 4)).astype(np.float32)
    h = nearest_features(np.float64(text.T @ near.T @ w), energy, w, RIDGE)
    ht = (text @ h).astype(np.float32)
    best_w = nearest_nodes((near @ ht).astype(np.float32), ht, RIDGE)
    for _ in range(20):
        aside = rng.standard_normal(h.shape) * 0.01
        assert _objective(near, w, h + aside, text) > _objective(near, w, h, text)
        aside = rng.standard_normal(w.shape) * 0.01
        assert _objective(near, best_w + aside, h, text) > _objective(near, best_w, h, text)


def test_objective_never_rises() -> None:
    graph, features = random_graph(60, 3), _features(60)
    near, (text, _) = _near(graph), principal_components(features, 12)
    seen = []
    for iterations in range(1, 12):
        w, ht = TADW(dim=8, iterations=iterations).factors(graph, features, seed=4)
        h = np.linalg.lstsq(text, ht, rcond=None)[0]
        seen.append(_objective(near, w.astype(np.float64), h, text))
    assert (np.diff(seen) <= 1e-4 * seen[0]).all()
    assert seen[-1] < 0.9 * seen[0]
    assert seen[-1] < (near**2).sum()  # of W = H = 0


def test_principal_components_are_those_of_the_decomposition() -> None:
    features = _features(40, 9)
    found, energy = principal_components(features, 5)
    u, s, _ = np.linalg.svd(features)
    wanted = u[:, :5] * s[:5]
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-3)
    np.testing.assert_allclose(found.T @ found, np.diag(energy), atol=1e-3)


def test_vectors_are_both_factors_at_length_1() -> None:
    graph, features = random_graph(60, 4), _features(60)
    method = TADW(dim=8, iterations=3)
    w, ht = method.factors(graph, features, seed=1)
    found = method.solve(graph, features, seed=1)
    np.testing.assert_allclose(found, np.concatenate([unit(w), unit(ht)], axis=1), atol=1e-6)
    assert found.dtype == np.float32
    assert not found[-1, :4].any()  # a node without edges has what its features say, and nothing else
    assert found[-1, 4:].any()


def test_features_that_do_not_fit_are_refused() -> None:
    graph = random_graph(20, 5)
    with pytest.raises(DataError, match="do not describe 20 nodes"):
        TADW(dim=4).solve(graph, _features(19))
    with pytest.raises(DataError, match="NaN or infinity"):
        TADW(dim=4).solve(graph, np.full((20, 2), np.nan, np.float32))


def test_words_weigh_by_how_few_have_them_by_hand() -> None:
    """Of three nodes one has the first word, two the second, all the third; the last node has the third."""
    words = scipy.sparse.csr_array(np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1]], np.float64))
    rare, usual = np.log(3), np.log(1.5)
    expected = [[rare / np.hypot(rare, usual), usual / np.hypot(rare, usual), 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(tf_idf(words), expected, rtol=1e-6)
