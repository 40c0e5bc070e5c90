"""The variational autoencoder against dense formulas."""

from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from torch import Tensor

from embedding_features.encoders import VariationalAutoencoder, VariationalAutoencoderNetwork
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
USERS, ITEMS = 12, 9


def view_of(seed: int) -> GraphView:
    rng = np.random.default_rng(seed)
    src = np.concatenate([np.arange(USERS), rng.integers(0, USERS, 40)])
    dst = np.concatenate([np.arange(USERS) % ITEMS, rng.integers(0, ITEMS, 40)])
    return View(weights="one").build(Graph.from_arrays(AS_OF, {("user", "saw", "item"): (src, dst)}))


def built(view: GraphView, dropout: float = 0.5) -> VariationalAutoencoderNetwork:
    settings = VariationalAutoencoder(dim=5, hidden=7, latent=4, std=0.5, dropout=dropout)
    return settings.build(view, torch.Generator().manual_seed(1))


def rows_of(view: GraphView) -> Tensor:
    edges = view.matrix().forward
    rows = torch.zeros(USERS, ITEMS)
    rows[edges.sources().astype(np.int64), edges.indices.astype(np.int64)] = 1
    return rows


def latent(network: VariationalAutoencoderNetwork, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and logarithm of the variance, of dense rows."""
    x = torch.nn.functional.normalize(rows, dim=1)
    hidden = torch.tanh(x @ network.inputs + network.shift)
    both = hidden @ network.to_latent.weight.T + network.to_latent.bias
    return both[:, :4], both[:, 4:]


def decoded(network: VariationalAutoencoderNetwork, z: Tensor) -> Tensor:
    return torch.tanh(z @ network.to_vector.weight.T + network.to_vector.bias)


def test_vectors_are_those_of_the_formula() -> None:
    view = view_of(0)
    network = built(view)
    mean, _ = latent(network, rows_of(view))
    torch.testing.assert_close(network.vectors(), torch.cat([decoded(network, mean), network.table]))


def test_a_step_draws_from_the_distribution_that_it_says() -> None:
    """Without entries left out: over many draws z has the mean and the variance of the formula."""
    view = view_of(1)
    network = built(view, dropout=0.0)
    with torch.no_grad():
        network.to_latent.bias[4:] = -2.0
        mean, log_variance = latent(network, rows_of(view))
        torch.manual_seed(0)
        sources = torch.arange(USERS).repeat(4000)
        encoded, _ = network.encode(Examples(sources, sources[:1] + USERS, sources[:1] + USERS))
        torch.testing.assert_close(encoded.mean[:USERS], mean)
        torch.testing.assert_close(encoded.log_variance[:USERS], log_variance)
        z = torch.linalg.lstsq(
            network.to_vector.weight, (torch.atanh(encoded.src) - network.to_vector.bias).T
        ).solution.T
    drawn = z.view(4000, USERS, 4)
    torch.testing.assert_close(drawn.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.var(0).log(), log_variance, atol=0.15, rtol=0)


def test_a_step_leaves_entries_out_and_the_others_make_up_for_them() -> None:
    """In the mean over draws the rows' sums are those of whole rows; each draw differs."""
    view = view_of(2)
    network = built(view, dropout=0.6)
    whole = torch.nn.functional.normalize(rows_of(view), dim=1) @ network.inputs
    torch.manual_seed(0)
    sources = torch.arange(USERS).repeat(5000)
    drawn = network._sums(sources, 0.6).view(5000, USERS, 7)
    torch.testing.assert_close(drawn.mean(0), whole, atol=0.05, rtol=0)
    assert drawn.std(0).min() > 0.05


def test_gradients_are_those_of_the_dense_formula() -> None:
    view = view_of(3)
    network = built(view)
    weights = torch.randn(USERS + ITEMS, 5, generator=torch.Generator().manual_seed(2))
    mean, _ = latent(network, rows_of(view))
    dense = torch.cat([decoded(network, mean), network.table])
    for ours, theirs in zip(
        torch.autograd.grad((network.vectors().square() * weights).sum(), list(network.parameters())),
        torch.autograd.grad((dense.square() * weights).sum(), list(network.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def test_a_new_user_and_a_new_item_are_seen() -> None:
    """The user has the vector of the formula by its row; the item is a row of zeros in both tables."""
    view, network = view_of(4), built(view_of(4))
    before = network.vectors().detach()
    network.grow({"user": 1, "item": 1})
    assert network.inputs.shape == (ITEMS + 1, 7)
    assert network.table.shape == (ITEMS + 1, 5)
    forward = view.matrix().forward
    src, dst = np.append(forward.sources(), [USERS, USERS, USERS]), np.append(forward.indices, [2, 5, ITEMS])
    fresh = Graph.from_arrays(AS_OF, {("user", "saw", "item"): (src, dst)})
    network.observe(View(weights="one").build(fresh))
    after = network.vectors().detach()
    torch.testing.assert_close(after[:USERS], before[:USERS])
    torch.testing.assert_close(after[USERS + 1 : -1], before[USERS:])
    row = torch.zeros(1, ITEMS + 1)
    row[0, [2, 5, ITEMS]] = 1
    torch.testing.assert_close(after[USERS : USERS + 1], decoded(network, latent(network, row)[0]))
    assert not after[-1].any()


def test_anchors_that_are_no_sources_and_third_types_are_refused() -> None:
    network = built(view_of(5))
    item = torch.tensor([USERS])
    with pytest.raises(ConfigError, match="an anchor is no user"):
        network.encode(Examples(item, item, item))
    edges = {("user", "saw", "item"): (np.arange(3),) * 2, ("user", "liked", "shop"): (np.arange(3),) * 2}
    with pytest.raises(ConfigError, match=r"user and item, not of .*shop"):
        built(View().build(Graph.from_arrays(AS_OF, edges)))
