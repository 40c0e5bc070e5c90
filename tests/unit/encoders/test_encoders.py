"""Encoders against dense formulas."""

from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from embedding_features.encoders import LightPropagation, LightPropagationNetwork, Lookup
from embedding_features.encoders.base import gather
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples


def view_of(seed: int, edges: int = 60) -> GraphView:
    rng = np.random.default_rng(seed)
    src, dst = (np.concatenate([np.arange(12), rng.integers(0, 12, edges)]) for _ in range(2))
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), {("user", "saw", "item"): (src, dst)})
    return View(weights="one").build(graph)


def dense(view: GraphView) -> torch.Tensor:
    """The normalized adjacency of all nodes, from the paper's formula."""
    edges = view.matrix().forward
    m = torch.zeros(edges.rows, edges.columns)
    m[edges.sources().astype(np.int64), edges.indices.astype(np.int64)] = 1
    a = torch.cat([torch.cat([torch.zeros(len(m), len(m)), m], 1), torch.cat([m.T, torch.zeros(12, 12)], 1)])
    d = a.sum(1).clamp(min=1).pow(-0.5)
    return d[:, None] * a * d


def built(view: GraphView, layers: int = 3, dim: int = 5) -> LightPropagationNetwork:
    return LightPropagation(dim=dim, layers=layers).build(view, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_light_propagation_is_the_mean_of_the_layers(layers: int) -> None:
    view = view_of(0)
    encoder = built(view, layers)
    e = encoder.table
    expected = sum(torch.linalg.matrix_power(dense(view), k) @ e for k in range(layers + 1)) / (layers + 1)
    torch.testing.assert_close(encoder.vectors(), expected, atol=1e-6, rtol=1e-5)


def test_gradient_is_that_of_the_dense_formula() -> None:
    view = view_of(1)
    encoder = built(view)
    weights = torch.randn(24, 5, generator=torch.Generator().manual_seed(2))
    (encoder.vectors().square() * weights).sum().backward()
    e = encoder.table.detach().requires_grad_()
    a = dense(view)
    ((sum(torch.linalg.matrix_power(a, k) @ e for k in range(4)) / 4).square() * weights).sum().backward()
    torch.testing.assert_close(encoder.table.grad, e.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_vectors_of_examples_are_rows_of_all_vectors_and_so_is_their_gradient(layers: int) -> None:
    encoder, rng = built(view_of(3), layers), torch.Generator().manual_seed(4)
    src, dst, shared = (torch.randint(0, 24, shape, generator=rng) for shape in ((7,), (7,), (2, 3)))
    examples = Examples(src, dst, shared)
    found, _ = encoder.encode(examples)
    whole = gather(encoder.vectors(), examples)
    weights = torch.randn(20, 5, generator=rng)
    gradients = []
    for one in (found, whole):
        parts = [one.src, one.dst, one.negatives.view(-1, 5)]
        (gradient,) = torch.autograd.grad((torch.cat(parts).square() * weights).sum(), encoder.table)
        gradients.append(gradient)
        torch.testing.assert_close(one.negatives, whole.negatives, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(one.src, whole.src, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(one.dst, whole.dst, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-4)


def test_torchs_sparse_product_gives_the_same() -> None:
    """The path of devices other than the CPU, run on the CPU."""
    encoder = built(view_of(2))
    with torch.no_grad():
        ours, torchs = encoder.adjacency.times(encoder.table), encoder.adjacency.times_by_torch(encoder.table)
    torch.testing.assert_close(ours, torchs, atol=1e-6, rtol=1e-5)


def test_observing_another_graph_changes_the_vectors_and_not_the_parameters() -> None:
    view, other = view_of(3), view_of(4)
    encoder, fresh = built(view), built(other)
    before = [p.detach().clone() for p in encoder.parameters()]
    encoder.observe(other)
    assert all(torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))
    torch.testing.assert_close(encoder.vectors(), fresh.vectors())


def test_lookup_returns_its_parameters() -> None:
    encoder = Lookup(dim=3, std=0.5).build(view_of(5), torch.Generator().manual_seed(0))
    assert encoder.vectors() is encoder.table
    assert {t: tuple(v.shape) for t, v in encoder().items()} == {"user": (12, 3), "item": (12, 3)}


def test_parameters_start_normal_with_the_stated_deviation_and_seed() -> None:
    view = view_of(6)
    one, same = (Lookup(dim=2000, std=0.02).build(view, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one.table, same.table)
    assert one.table.std().item() == pytest.approx(0.02, rel=0.03)
    halves = one.table.flatten().view(2, -1)
    assert abs(torch.corrcoef(halves)[0, 1]) < 0.05
