"""SDNE's loss by hand and node by node, and what it learns of planted blocks."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from embedding_features.errors import GraphError
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import SDNE
from embedding_features.solvers.proximity.autoencoder import Autoencoder, rows_of
from embedding_features.solvers.proximity.sdne import evened, first_order
from tests.unit.solvers.proximity.graphs import block_cosines, dense, random_graph, triangle_with_tail


def test_golden_of_the_first_order() -> None:
    """Of 0, 1 and 3, only 0 and 1 are joined: (1 − 3)² both ways, times 4 nodes over 3 in the batch."""
    graph, rows = triangle_with_tail(), np.array([1, 3, 0])
    codes = torch.tensor([[1.0], [10.0], [3.0]])
    assert first_order(codes, rows_of(graph, rows), rows).item() == pytest.approx(2 * 4 * 4 / 3)


def test_the_first_order_of_all_nodes_is_the_laplacian_form() -> None:
    """Σ_ij s_ij ‖y_i − y_j‖² = 2 tr(Yᵀ L Y) (eq. 10)."""
    graph = random_graph(30, seed=0)
    codes = torch.from_numpy(np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32))
    matrix = dense(graph)
    laplacian = np.diag(matrix.sum(axis=1)) - matrix
    wanted = 2 * np.trace(codes.numpy().T @ laplacian @ codes.numpy())
    assert first_order(codes, graph, np.arange(30)).item() == pytest.approx(wanted, rel=1e-4)


def test_weights_are_evened_out() -> None:
    """Degrees 2, 2, 3, 1: the edges 1/2, 1/√6 twice and 1/√3, squares 1/4, 1/6, 1/6 and 1/3, mean 11/48."""
    found = dense(evened(triangle_with_tail()))
    wanted = np.zeros((4, 4))
    wanted[[0, 0, 1, 2], [1, 2, 2, 3]] = np.sqrt(48 / 11) * np.array([1 / 2, 6**-0.5, 6**-0.5, 3**-0.5])
    np.testing.assert_allclose(found, wanted + wanted.T, rtol=1e-6)


def test_the_loss_of_all_nodes_is_that_of_dense_rows() -> None:
    graph, sdne = random_graph(30, seed=1), SDNE(dim=3, hidden=5, alpha=0.3, beta=4)
    model = Autoencoder(30, 5, 3, functional.leaky_relu, torch.Generator().manual_seed(0))
    x = torch.from_numpy(dense(graph).astype(np.float32))
    w = list(model.weights)
    codes = functional.leaky_relu(x @ w[0]) @ w[1].T
    decoded = functional.leaky_relu(codes @ w[2].T) @ w[3].T
    second = ((decoded - x) * torch.where(x > 0, 4.0, 1.0)).square().sum()
    first = sum(x[i, j] * (codes[i] - codes[j]).square().sum() for i in range(30) for j in range(30))
    found = sdne.loss(model, graph, np.arange(30), np.arange(30))
    torch.testing.assert_close(found, (second + 0.3 * first) / 30, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_blocks_are_found(seed: int) -> None:
    """With an edge among seven pairs, where 25 times the weight of none would have all pairs called edges."""
    sdne = SDNE(
        dim=4, hidden=32, alpha=0.01, beta=2, epochs=60, batch_size=16, columns=91, learning_rate=0.01
    )
    within, between = block_cosines(sdne.solve(random_graph(91, seed=seed), seed=seed)[:90])
    assert within > between + 0.4


def test_vectors_are_a_function_of_the_seed_and_zero_without_edges() -> None:
    graph, sdne = random_graph(40, seed=2), SDNE(dim=4, hidden=8, epochs=2, batch_size=16)
    first = sdne.solve(graph, seed=3)
    assert first.shape == (40, 4)
    np.testing.assert_array_equal(sdne.solve(graph, seed=3), first)
    assert np.abs(sdne.solve(graph, seed=4) - first).max() > 0.01
    assert not first[-1].any()
    assert first[:-1].any(axis=1).all()


def test_directed_graphs_are_refused() -> None:
    with pytest.raises(GraphError, match="not symmetric"):
        SDNE().solve(CSR.from_edges(np.array([0]), np.array([1]), (2, 2)))
