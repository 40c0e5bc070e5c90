"""Encoders against dense formulas."""

from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from embedding_features.encoders import LightPropagation, LightPropagationEncoder, Lookup
from embedding_features.graph import Graph
from embedding_features.graph.views import Bipartite, BipartiteView


def view_of(seed: int, edges: int = 60) -> BipartiteView:
    rng = np.random.default_rng(seed)
    src, dst = (np.concatenate([np.arange(12), rng.integers(0, 12, edges)]) for _ in range(2))
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), {("user", "saw", "item"): (src, dst)})
    return Bipartite(norm="symmetric", use_weights=False).build(graph)


def dense(view: BipartiteView) -> torch.Tensor:
    """The normalized adjacency of all nodes, from the paper's formula."""
    m = torch.zeros(view.forward.rows, view.forward.columns)
    m[view.forward.sources().astype(np.int64), view.forward.indices.astype(np.int64)] = 1
    a = torch.cat([torch.cat([torch.zeros(len(m), len(m)), m], 1), torch.cat([m.T, torch.zeros(12, 12)], 1)])
    d = a.sum(1).clamp(min=1).pow(-0.5)
    return d[:, None] * a * d


def built(view: BipartiteView, layers: int = 3, dim: int = 5) -> LightPropagationEncoder:
    return LightPropagation(dim=dim, layers=layers).build(view, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_light_propagation_is_the_mean_of_the_layers(layers: int) -> None:
    view = view_of(0)
    encoder = built(view, layers)
    e = torch.cat([encoder.src, encoder.dst])
    expected = sum(torch.linalg.matrix_power(dense(view), k) @ e for k in range(layers + 1)) / (layers + 1)
    torch.testing.assert_close(torch.cat(encoder.sides()), expected, atol=1e-6, rtol=1e-5)


def test_gradient_is_that_of_the_dense_formula() -> None:
    view = view_of(1)
    encoder = built(view)
    weights = torch.randn(24, 5, generator=torch.Generator().manual_seed(2))
    (torch.cat(encoder.sides()).square() * weights).sum().backward()
    e = torch.cat([encoder.src, encoder.dst]).detach().requires_grad_()
    a = dense(view)
    ((sum(torch.linalg.matrix_power(a, k) @ e for k in range(4)) / 4).square() * weights).sum().backward()
    torch.testing.assert_close(torch.cat([encoder.src.grad, encoder.dst.grad]), e.grad, atol=1e-6, rtol=1e-4)


def test_torchs_sparse_product_gives_the_same() -> None:
    """The path of devices other than the CPU, run on the CPU."""
    encoder = built(view_of(2))
    with torch.no_grad():
        for ours, torchs in zip(
            encoder._step_kernel(encoder.src, encoder.dst),
            encoder._step_sparse(encoder.src, encoder.dst),
            strict=True,
        ):
            torch.testing.assert_close(ours, torchs, atol=1e-6, rtol=1e-5)


def test_observing_another_graph_changes_the_vectors_and_not_the_parameters() -> None:
    view, other = view_of(3), view_of(4)
    encoder, fresh = built(view), built(other)
    before = [p.detach().clone() for p in encoder.parameters()]
    encoder.observe(other)
    assert all(torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))
    torch.testing.assert_close(torch.cat(encoder.sides()), torch.cat(fresh.sides()))


def test_lookup_returns_its_parameters() -> None:
    encoder = Lookup(dim=3, std=0.5).build(view_of(5), torch.Generator().manual_seed(0))
    assert encoder.sides()[0] is encoder.src
    assert {t: tuple(v.shape) for t, v in encoder().items()} == {"user": (12, 3), "item": (12, 3)}


def test_parameters_start_normal_with_the_stated_deviation_and_seed() -> None:
    view = view_of(6)
    one, same = (Lookup(dim=2000, std=0.02).build(view, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one.src, same.src)
    assert one.src.std().item() == pytest.approx(0.02, rel=0.03)
    assert abs(torch.corrcoef(torch.stack([one.src.flatten(), one.dst.flatten()]))[0, 1]) < 0.05
