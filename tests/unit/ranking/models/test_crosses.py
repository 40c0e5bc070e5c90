"""Cross layers, the factorization machine and attention against numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.models import DIN, DCNv2, DeepFM
from ranking.models.cross import CrossNetwork
from ranking.models.deep_fm import FirstOrder, fm_interaction
from ranking.models.din import ActivationUnit
from ranking.models.schema import Schema
from ranking.models.sparse import SparseArch
from ranking.models.tensors import Batch
from tests.ranking_data import planted_history


def seeded():
    return torch.Generator().manual_seed(0)


def batch_of(inputs):
    schema = Schema.of(inputs)
    return Batch.of(inputs, schema), schema


def test_a_cross_layer_by_hand():
    """x1 = x0 ⊙ (W x0 + b) + x0 with W x0 + b = (1·2 + 2·3 + 1, 0·2 + 1·3 − 1) = (9, 2); then once more."""
    network = CrossNetwork(2, 2, None, seeded())
    with torch.no_grad():
        for layer in network.layers:
            layer.weight.copy_(torch.tensor([[1.0, 2], [0, 1]]))
            layer.bias.copy_(torch.tensor([1.0, -1]))
    first = torch.tensor([[2.0, 3]])
    one = torch.tensor([[2 * 9 + 2.0, 3 * 2 + 3.0]])  # (20, 9)
    two = torch.tensor([[2 * (20 + 2 * 9 + 1) + 20.0, 3 * (9 - 1) + 9.0]])
    torch.testing.assert_close(CrossNetwork.forward(network, first), two)
    network.layers = network.layers[:1]
    torch.testing.assert_close(network(first), one)


def test_a_cross_layer_of_low_rank_by_hand():
    """W = U V with V = (1, 1) and U = (2, 3)ᵀ: W x0 + b = (2, 3) · 5 + (0, 1) = (10, 16)."""
    network = CrossNetwork(2, 1, 1, seeded())
    down, up = network.layers[0]
    with torch.no_grad():
        down.weight.copy_(torch.tensor([[1.0, 1]]))
        up.weight.copy_(torch.tensor([[2.0], [3]]))
        up.bias.copy_(torch.tensor([0.0, 1]))
    torch.testing.assert_close(network(torch.tensor([[2.0, 3]])), torch.tensor([[22.0, 51]]))


def test_crosses_of_rank_1_are_those_of_layer_after_layer():
    """Three layers with biases: x_L in one pass and its gradients, against the recursion of the paper."""
    network = CrossNetwork(4, 3, 1, seeded()).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(generator=seeded())
    found = []
    for way in (network, recursion(network)):
        first = torch.randn(6, 4, generator=seeded(), dtype=torch.float64, requires_grad=True)
        crossed = way(first)
        network.zero_grad()
        crossed.sin().sum().backward()
        found.append([crossed, first.grad, *(p.grad for p in network.parameters())])
    torch.testing.assert_close(*found)


def recursion(network):
    def crossed(first):
        last = first
        for layer in network.layers:
            last = first * layer(last) + last
        return last

    return crossed


def test_a_weighted_sum_of_crosses_that_are_never_made():
    """⟨w, x_L⟩ and its gradients, x_0 in two parts, against x_L by the recursion of the paper."""
    network = CrossNetwork(5, 3, 1, seeded()).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(generator=seeded())
    first = torch.randn(7, 5, generator=seeded(), dtype=torch.double, requires_grad=True)
    weights = torch.randn(5, generator=seeded(), dtype=torch.double, requires_grad=True)
    inputs = (first, weights, *network.parameters())
    direct = network.weighted((first[:, :2], first[:, 2:]), weights)
    made = recursion(network)(first) @ weights
    torch.testing.assert_close(direct, made)
    ours, theirs = (torch.autograd.grad(found.square().sum(), inputs) for found in (direct, made))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("rank", [1, None])
@pytest.mark.parametrize("structure", ["parallel", "stacked"])
def test_logits_are_those_of_the_representation(rank, structure):
    inputs = planted_history(300, 0)
    batch, schema = batch_of(inputs)
    network = DCNv2(rank=rank, structure=structure).build(batch, schema, seeded()).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=seeded()))
    torch.testing.assert_close(network(batch), network.head(network.represent(batch)))


def test_fm_interaction_by_hand():
    """⟨a, b⟩ + ⟨a, c⟩ + ⟨b, c⟩ = 11 + 17 + 39."""
    embeddings = torch.tensor([[[1.0, 2], [3, 4], [5, 6]]])
    torch.testing.assert_close(fm_interaction(embeddings), torch.tensor([67.0]))


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 10_000))
def test_fm_interaction_is_the_sum_over_pairs(fields, dim, seed):
    e = torch.randn(3, fields, dim, generator=torch.Generator().manual_seed(seed))
    pairs = sum((e[:, i] * e[:, j]).sum(1) for i in range(fields) for j in range(i))
    torch.testing.assert_close(fm_interaction(e), torch.zeros(3) + pairs, atol=1e-4, rtol=1e-4)


def test_first_order_by_hand():
    """A code's weight, a bag's weighted mean, a history's mean of what is known, and a weight a number."""
    inputs = Inputs(
        np.zeros(1, np.float32),
        (
            Category("item_id", "base", "item", "item_id", np.array([2], np.int32), 4),
            Bag("b", "base", "item", "b", np.array([[1, 2]], np.int32), np.float32([[0.25, 0.75]]), 3),
            History(
                "h", "base", "user", "item_id", np.array([[1, 3, 0]], np.int32), 4,
                np.zeros((1, 3), np.int32), np.zeros((1, 0), np.float32),
            ),
        ),
    )  # fmt: skip
    batch, schema = batch_of(inputs)
    first = FirstOrder(schema, 1)
    with torch.no_grad():
        first.codes.copy_(torch.tensor([[0.0], [1], [10], [100], [0], [4], [8]]))
        first.numbers.copy_(torch.tensor([3.0]))
    found = first(batch, torch.tensor([[2.0]]))
    assert found.tolist() == [10 + (0.25 * 4 + 0.75 * 8) + (1 + 100) / 2 + 3 * 2]


def test_the_activation_unit_by_hand():
    """a = PReLU(w · [e_j, e_c, e_j − e_c, e_j e_c]) · 2 + 1 with w = (1, 0, 0, 1): 1·3+1 = 4 → 9; −1·3−1 = −4
    → PReLU −1 → −1; the third item is padding. Their sum: 9 · 1 − 1 · (−1) = 10."""
    unit = ActivationUnit(1, (1,), seeded())
    with torch.no_grad():
        unit.network[0].weight.copy_(torch.tensor([[1.0, 0, 0, 1]]))
        unit.network[1].weight.fill_(0.25)
        unit.network[2].weight.fill_(2)
        unit.network[2].bias.fill_(1)
    items, known = torch.tensor([[[1.0], [-1], [7]]]), torch.tensor([[True, True, False]])
    found = unit(torch.tensor([[3.0]]), items, known)
    torch.testing.assert_close(found, torch.tensor([[10.0]]))


def test_attention_sees_ids_and_vectors_and_no_padding():
    """What stands in padding, in the table's row of the absent or beside a history moves no score."""
    inputs = planted_history(50, 0)
    batch, schema = batch_of(inputs)
    model = DIN().build(batch, schema, seeded()).eval()
    whole = model(batch).detach()
    codes, rows = batch.histories[0]
    longer = Batch(
        **{
            **vars(batch),
            "histories": ((torch.nn.functional.pad(codes, (0, 3)), torch.nn.functional.pad(rows, (0, 3))),),
        }
    )
    torch.testing.assert_close(model(longer).detach(), whole)
    other = replace(batch, histories=((codes.flip(0), rows),))
    assert (model(other).detach() - whole).abs().max() > 1e-4
    other = replace(batch, histories=((codes, rows.flip(0)),))
    assert (model(other).detach() - whole).abs().max() > 1e-4
    nobody = replace(batch, histories=((torch.zeros_like(codes), torch.zeros_like(rows)),))
    assert torch.isfinite(model(nobody)).all()


def test_a_history_is_pooled_where_there_is_no_attention():
    """The mean of the known items' embeddings, zero without any."""
    inputs = planted_history(3, 0)
    history = replace(
        inputs.of(History)[0],
        codes=np.array([[11, 12, 0, 0], [0, 0, 0, 0], [40, 40, 40, 40]], np.int32),
        rows=np.zeros((3, 4), np.int32),
    )
    batch, schema = batch_of(replace(inputs, fields=(*inputs.fields[:2], history)))
    arch = SparseArch(schema, 1, 0.0, seeded())
    with torch.no_grad():
        arch.table.copy_(torch.arange(41.0)[:, None])
    assert arch(batch)[:, 1, 0].tolist() == [11.5, 0, 40]
    assert arch.fields == 2


@pytest.mark.parametrize(
    "ranker", [DCNv2(), DCNv2(structure="stacked", rank=2), DeepFM(), DIN()], ids=lambda r: r.kind
)
def test_every_weight_is_learned(ranker):
    """One backward pass reaches every parameter; candidate and history feed all parts."""
    inputs = planted_history(500, 0)
    more = Number("a", "base", np.random.default_rng(0).normal(size=500).astype(np.float32))
    batch, schema = batch_of(replace(inputs, fields=(more, *inputs.fields)))
    model = ranker.build(batch, schema, seeded())
    model(batch).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("ranker", [DCNv2(), DeepFM(), DIN()], ids=lambda r: r.kind)
def test_networks_of_one_kind_of_field_only(ranker):
    fields = planted_history(2, 0).fields
    lone = replace(fields[2], vector="")
    for field in (
        Number("a", "base", np.float32([1, 2])),
        fields[0],
        Bag("b", "base", "item", "b", np.ones((2, 1), np.int32), np.ones((2, 1), np.float32), 2),
        Vector.of("v", "dense", "user", np.float32([[1], [2]]), np.array([True, True])),
        lone,
        replace(lone, rows=np.zeros_like(lone.rows), table=np.zeros((1, 0), np.float32)),
    ):
        batch, schema = batch_of(Inputs(np.float32([0, 1]), (field,)))
        assert ranker.build(batch, schema, seeded())(batch).shape == (2,)
