"""Scores of pairs against the formula, one pair at a time."""

from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from embedding_features.encoders import NeuralFactorization, NeuralFactorizationNetwork
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.view import View
from embedding_features.sampling import Examples

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
USERS, ITEMS = 6, 5
Parts = Literal["both", "product", "tower"]


def built(parts: Parts = "both", dropout: float = 0.0) -> NeuralFactorizationNetwork:
    src, dst = np.arange(30) % USERS, np.arange(30) % ITEMS
    view = View(weights="one").build(Graph.from_arrays(AS_OF, {("user", "saw", "item"): (src, dst)}))
    settings = NeuralFactorization(dim=4, hidden=8, parts=parts, std=0.7, dropout=dropout)
    network = settings.build(view, torch.Generator().manual_seed(0))
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=rng)
    return network


def by_formula(network: NeuralFactorizationNetwork, src: int, dst: int) -> Tensor:
    parts, total = network.settings.parts, torch.zeros(())
    if parts != "tower":
        total = total + (network.product * network.table[src] * network.table[dst]).sum()
    if parts != "product":
        inputs = network.inputs if parts == "both" else network.table
        tower = network.tower
        weight = torch.cat([tower.of_source.weight, tower.of_destination.weight], dim=1)
        x = torch.cat([inputs[src], inputs[dst]]) @ weight.T + tower.of_source.bias
        for layer in (layer for layer in tower.layers if isinstance(layer, torch.nn.Linear)):
            x = layer.weight @ x.clamp(min=0) + layer.bias
        total = total + x[0]
    return total


@pytest.mark.parametrize("parts", ["both", "product", "tower"])
def test_scores_are_those_of_the_formula(parts: Parts) -> None:
    network = built(parts)
    src, dst = torch.arange(USERS), torch.arange(USERS, USERS + ITEMS)
    expected = torch.stack([torch.stack([by_formula(network, s, d) for d in dst]) for s in src])
    torch.testing.assert_close(network.scores(src.unsqueeze(1), dst), expected)
    torch.testing.assert_close(network.scores(src[:ITEMS], dst), expected.diagonal())


def test_a_step_has_the_scores_of_its_pairs() -> None:
    network = built().eval()
    examples = Examples(torch.tensor([3, 0]), torch.tensor([7, 6]), torch.tensor([[9, 6, 8], [10, 10, 7]]))
    encoded, _ = network.encode(examples)
    for row, (src, dst) in enumerate(((3, 7), (0, 6))):
        torch.testing.assert_close(encoded.positive[row], by_formula(network, src, dst))
        for column, negative in enumerate(examples.negatives[row].tolist()):
            torch.testing.assert_close(encoded.negative[row, column], by_formula(network, src, negative))


def test_the_dot_product_of_what_is_published_is_the_products_part() -> None:
    network, alone = built(), built("product")
    with torch.no_grad():
        alone.table.copy_(network.table)
        alone.product.copy_(network.product)
    src, dst = torch.arange(USERS).unsqueeze(1), torch.arange(USERS, USERS + ITEMS)
    published = network()
    torch.testing.assert_close(published["user"] @ published["item"].T, alone.scores(src, dst))


def test_units_are_left_out_while_it_trains_alone() -> None:
    network = built(dropout=0.5)
    pair = torch.tensor([1]), torch.tensor([8])
    torch.manual_seed(0)
    assert len({network.scores(*pair).item() for _ in range(10)}) > 1
    network.eval()
    assert len({network.scores(*pair).item() for _ in range(10)}) == 1


def test_nodes_of_a_third_type_are_refused() -> None:
    edges = {("user", "saw", "item"): (np.arange(3),) * 2, ("user", "liked", "shop"): (np.arange(3),) * 2}
    view = View().build(Graph.from_arrays(AS_OF, edges))
    with pytest.raises(ConfigError, match=r"user and item, not of .*shop"):
        NeuralFactorization(dim=4).build(view, torch.Generator())
