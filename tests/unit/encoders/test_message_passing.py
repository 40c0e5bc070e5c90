"""NGCF and NIA-GCN against their formulas, node by node, and a step against all vectors."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from embedding_features.encoders import NGCF, NIA, Encoder, Network, NGCFNetwork, NIANetwork
from embedding_features.sampling import Examples
from embedding_features.testing.graphs import clicks_view

SETTINGS = [NGCF(dim=5, layers=1), NGCF(dim=5, layers=3), NIA(dim=5, orders=1), NIA(dim=5, orders=3)]


def build(settings: Encoder) -> Network:
    return settings.model_copy(update={"std": 1.0}).build(clicks_view(), torch.Generator().manual_seed(0))


def adjacency(network: NGCFNetwork | NIANetwork) -> Tensor:
    rows, neighbours, weight = network.edges()
    dense = torch.zeros(len(network.table), len(network.table))
    dense[rows, neighbours] = weight
    return dense


def messages(network: NGCFNetwork) -> Tensor:
    """Eqs. 3 and 4 of NGCF for each node; layers are summed."""
    norm, vectors = adjacency(network), network.table
    total = vectors
    for of_sums, of_products in zip(network.of_sums, network.of_products, strict=True):
        after = []
        for node, own in enumerate(vectors):
            received = own @ of_sums
            for other in norm[node].nonzero()[:, 0]:
                message = vectors[other] @ of_sums + (vectors[other] * own) @ of_products
                received = received + norm[node, other] * message
            after.append(leaky_relu(received, 0.2))
        vectors = torch.stack(after)
        total = total + vectors
    return total


def pairs(network: NIANetwork) -> Tensor:
    """Sums over neighbours, and over pairs of them, of each order by itself."""
    norm, before = adjacency(network), network.table
    total = before
    for of_sums, of_pairs in zip(network.of_sums, network.of_pairs, strict=True):
        after, outputs = [], []
        for node in range(len(before)):
            near = [norm[node, other] * before[other] for other in norm[node].nonzero()[:, 0]]
            joint = torch.zeros(before.shape[1])
            for place, one in enumerate(near):
                for other in near[place + 1 :]:
                    joint = joint + one * other
            sums = torch.stack(near).sum(0) if near else torch.zeros(before.shape[1])
            after.append(sums)
            outputs.append(torch.tanh(sums @ of_sums + joint @ of_pairs))
        before = torch.stack(after)
        total = total + torch.stack(outputs)
    return total


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_vectors_are_those_of_the_formula(settings: Encoder) -> None:
    network = build(settings)
    with torch.no_grad():
        expected = messages(network) if isinstance(network, NGCFNetwork) else pairs(network)  # type: ignore[arg-type]
        torch.testing.assert_close(network.vectors(), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_step_has_the_gradients_of_all_vectors(settings: Encoder) -> None:
    """Its last layer is computed for some nodes alone."""
    network = build(settings)
    examples = Examples(torch.tensor([3, 0, 3]), torch.tensor([70, 61, 99]), torch.tensor([64, 70]))
    rows = torch.cat([examples.src, examples.dst, examples.negatives])
    weight = torch.randn(8, 5, generator=torch.Generator().manual_seed(1))
    parameters = list(network.parameters())
    expected = torch.autograd.grad((network.vectors()[rows] * weight).sum(), parameters)
    encoded, ego = network.encode(examples)
    seen = torch.cat([encoded.src, encoded.dst, encoded.negatives])
    found = torch.autograd.grad((seen * weight).sum(), parameters)
    torch.testing.assert_close(seen, network.vectors()[rows], atol=1e-5, rtol=1e-5)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    table = network.row_parameters()["table"]
    assert torch.equal(ego.dst, table[examples.dst])


def test_dropout_is_of_steps_alone() -> None:
    network = build(NGCF(dim=64, layers=1, dropout=0.5))
    nodes = torch.arange(110)
    examples = Examples(nodes[:60], nodes[60:], nodes[60:])
    torch.manual_seed(0)
    table = network.row_parameters()["table"]
    with torch.no_grad():
        whole = network.vectors()[:60] - table[:60]
        dropped = network.encode(examples)[0].src - table[:60]
        torch.testing.assert_close(network.vectors()[:60] - table[:60], whole)
    gone = (dropped == 0) & (whole != 0)
    assert gone.float().mean().item() == pytest.approx(0.5, abs=0.05)
    torch.testing.assert_close(dropped[~gone], 2 * whole[~gone], atol=1e-5, rtol=1e-5)
