"""Adjacency in buffers: products, another graph, and what is loaded."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.errors import SnapshotError
from embedding_features.graph import CSR

NODES = 7


def symmetric(seed: int, edges: int) -> CSR:
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, NODES, edges), rng.integers(0, NODES, edges)
    ends = np.concatenate([src, dst]), np.concatenate([dst, src])
    weight = np.tile(rng.random(edges).astype(np.float32), 2)
    return CSR.from_edges(*ends, (NODES, NODES), weight).merged("sum")


def dense(csr: CSR) -> torch.Tensor:
    out = np.zeros((csr.rows, csr.columns), np.float32)
    out[csr.sources(), csr.indices] = csr.weights()
    return torch.from_numpy(out)


def x_of(seed: int = 0) -> torch.Tensor:
    return torch.randn(NODES, 3, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("edges", [0, 1, 20])
@pytest.mark.parametrize("rows", [[], [3], [5, 0, 6]])
def test_products_of_some_rows_are_those_of_the_dense_matrix(edges: int, rows: list[int]) -> None:
    matrix, some = symmetric(1, edges), torch.tensor(rows, dtype=torch.int64)
    x, buffers = x_of(), AdjacencyBuffers(matrix)
    torch.testing.assert_close(buffers.rows_times(some, x), (dense(matrix) @ x)[some])
    scattered = torch.zeros(NODES, 3).index_copy(0, some, x[some])
    torch.testing.assert_close(buffers.times_rows(some, x[some]), dense(matrix) @ scattered)


@pytest.mark.parametrize("edges", [0, 1, 20])
def test_products_and_their_gradients_are_those_of_the_dense_matrix(edges: int) -> None:
    matrix = symmetric(1, edges)
    x, weights = x_of().requires_grad_(), x_of(1)
    buffers = AdjacencyBuffers(matrix)
    for product in (buffers.times(x), buffers.times_by_torch(x)):
        torch.testing.assert_close(product, dense(matrix) @ x)
        (gradient,) = torch.autograd.grad((product * weights).sum(), x)
        torch.testing.assert_close(gradient, dense(matrix).T @ weights)


def test_edges_are_all_entries() -> None:
    matrix = symmetric(2, 12)
    rows, neighbours, weight = AdjacencyBuffers(matrix).edges()
    out = torch.zeros(NODES, NODES).index_put((rows, neighbours), weight, accumulate=True)
    assert torch.equal(out, dense(matrix))
    assert rows.dtype == neighbours.dtype == torch.int64


def test_loading_sets_the_graph_that_was_saved_whatever_its_size(tmp_path: Path) -> None:
    """Both products follow, the one by torch though it had been made of the graph before."""
    saved, other = AdjacencyBuffers(symmetric(3, 30)), AdjacencyBuffers(symmetric(4, 5))
    other.times_by_torch(x_of())
    safetensors.torch.save_file(saved.state_dict(), tmp_path / "saved")
    other.load_state_dict(safetensors.torch.load_file(tmp_path / "saved"))
    expected = dense(symmetric(3, 30)) @ x_of()
    torch.testing.assert_close(other.times(x_of()), expected)
    torch.testing.assert_close(other.times_by_torch(x_of()), expected)


def test_loading_below_a_prefix_finds_its_own_buffers() -> None:
    saved, other = (torch.nn.ModuleDict({"a": AdjacencyBuffers(symmetric(seed, 9))}) for seed in (5, 6))
    other.load_state_dict(saved.state_dict())
    torch.testing.assert_close(other["a"].times(x_of()), dense(symmetric(5, 9)) @ x_of())


@pytest.mark.parametrize("lacking", ["indptr", "indices", "weight"])
def test_a_state_without_all_of_its_buffers_is_not_loaded(lacking: str) -> None:
    state = AdjacencyBuffers(symmetric(7, 9)).state_dict()
    del state[lacking]
    with pytest.raises(RuntimeError, match=lacking):
        AdjacencyBuffers(symmetric(7, 9)).load_state_dict(state)


def _broken(name: str) -> dict[str, torch.Tensor]:
    state = {key: tensor.clone() for key, tensor in AdjacencyBuffers(symmetric(8, 9)).state_dict().items()}
    indptr, indices = state["indptr"], state["indices"]
    if name == "type":
        state["indptr"] = indptr.int()
    elif name == "nodes":
        state["indptr"] = torch.cat([indptr, indptr[-1:]])
    elif name == "length":
        state["weight"] = state["weight"][1:]
    elif name == "start":
        indptr[0] = 1
    elif name == "descending":
        indptr[3] = indptr[-1] + 1
    else:
        indices[0] = NODES if name == "above" else -1
    return state


@pytest.mark.parametrize("name", ["type", "nodes", "length", "start", "descending", "above", "below"])
def test_arrays_that_kernels_must_not_trust_are_refused(name: str) -> None:
    buffers = AdjacencyBuffers(symmetric(8, 9))
    with pytest.raises(SnapshotError, match="not a graph of these nodes"):
        buffers.load_state_dict(_broken(name))
    torch.testing.assert_close(buffers.times(x_of()), dense(symmetric(8, 9)) @ x_of())
