"""What becomes of pretrained vectors in a network, one treatment after another."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from embedding_features.errors import ConfigError
from ranking.inputs.fields import Category, Vector
from ranking.inputs.inputs import Inputs
from ranking.metrics.calibration import platt
from ranking.models import DLRM, DeepFM, WideDeep
from ranking.models.module import parameter_groups
from ranking.models.pretrained import DHE, Added, FineTuned, Frozen, Mixed, Pretrained, Projected
from ranking.models.pretrained.dhe import PRIME, SLOTS, HashEncoder
from ranking.models.pretrained.row_keys import RowIndex
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.models.training import RankerTraining
from ranking.testing.planted import planted_inputs
from tests.ranking_data import planted_history

KINDS = [Frozen(), Projected(), FineTuned(), Added(), Mixed(), DHE(hashes=4, hidden=(3,))]
every_kind = pytest.mark.parametrize("pretrained", KINDS, ids=lambda p: p.kind)


def seeded():
    return torch.Generator().manual_seed(0)


def item(rows=(1, 0, 2), keys=None, codes=(1, 2, 0)):
    """An id and a vector of two numbers a row; lengths √2 and √2 of those present."""
    key = None if keys is None else np.array(keys, np.int64)
    table = np.float32([[0, 0], [1, 1], [1, -1]])
    return Inputs(
        np.zeros(len(rows), np.float32),
        (
            Category("item_id", "base", "item", "item_id", np.array(codes, np.int32), 3, True, key=key),
            Vector("v", "dense", "item", np.array(rows, np.int32), table),
        ),
    )


def built(pretrained: Pretrained, inputs: Inputs, dim: int):
    schema = Schema.of(inputs)
    batch = Batch.of(inputs, schema)
    return pretrained.build(batch, schema, dim, seeded()), batch


def embedded(rows, dim):
    """[rows, 1, dim] of the id: 10 in the first row, 20 in the second …"""
    return (10 * torch.arange(1.0, rows + 1))[:, None, None].expand(rows, 1, dim)


ROOT = 2**0.5


def test_frozen_keeps_vectors_and_their_products():
    """As they are in their own dimension, each by √2; in more, turned, with the dot products they had."""
    arch, batch = built(Frozen(), item(), 2)
    expected = torch.tensor([[[1.0, 1]], [[0, 0]], [[1, -1]]]) / ROOT
    torch.testing.assert_close(arch(batch, embedded(3, 2)), expected)
    wider, _ = built(Frozen(), item(), 7)
    found = wider(batch, embedded(3, 7))[:, 0]
    torch.testing.assert_close(found @ found.T, expected[:, 0] @ expected[:, 0].T, atol=1e-6, rtol=0)
    assert not list(arch.parameters())
    assert not list(wider.parameters())


def test_frozen_into_fewer_dimensions_keeps_products_in_expectation():
    """Of vectors of 200 numbers in 50: products of unit vectors stay within 4 standard deviations √(1/50)."""
    values = torch.nn.functional.normalize(torch.randn(30, 200, generator=seeded()), dim=1).numpy()
    vector = Vector.of("v", "dense", "user", values, np.ones(30, bool))
    arch, batch = built(Frozen(), Inputs(np.zeros(30, np.float32), (vector,)), 50)
    found = arch(batch, torch.zeros(30, 0, 50))[:, 0]
    expected = torch.from_numpy(values @ values.T)
    assert (found @ found.T - expected).abs().max() < 4 / 50**0.5
    assert (found.square().sum(1).mean() - 1).abs() < 0.1


def test_added_by_hand():
    """P v + e: with P the identity, v / √2 beside 10, 20 and 30."""
    arch, batch = built(Added(), item(), 2)
    with torch.no_grad():
        arch.projections[0].weight.copy_(torch.eye(2))
    expected = torch.tensor([[[10 + 1 / ROOT] * 2], [[20.0, 20]], [[30 + 1 / ROOT, 30 - 1 / ROOT]]])
    torch.testing.assert_close(arch(batch, embedded(3, 2)), expected)


def test_mixed_by_hand():
    """Gate of equal scores: half e and half P v; all e where v is absent."""
    arch, batch = built(Mixed(), item(), 2)
    with torch.no_grad():
        arch.projections[0].weight.copy_(torch.eye(2))
        arch.gates[0].weight.zero_()
    half = 0.5 / ROOT
    expected = torch.tensor([[[5 + half] * 2], [[20.0, 20]], [[15 + half, 15 - half]]])
    torch.testing.assert_close(arch(batch, embedded(3, 2)), expected)
    with torch.no_grad():
        arch.gates[0].bias.copy_(torch.tensor([0.0, np.log(3)]))
    assert arch(batch, embedded(3, 2))[0, 0, 0].item() == pytest.approx(10 / 4 + 3 / ROOT / 4)


def test_hashes_are_those_of_the_formula_and_evenly_spread():
    encoder = HashEncoder(3, seeded())
    ids = torch.tensor([0, 5, 2**40 + 7, -3])
    found = encoder(ids)
    for row, one in enumerate(ids.tolist()):
        folded = ((one & 0x7FFFFFFF) + 48_271 * ((one >> 31) & 0x7FFFFFFF)) % PRIME
        slots = [
            (folded * a + c) % PRIME % SLOTS
            for a, c in zip(*map(torch.Tensor.tolist, (encoder.a, encoder.c)), strict=True)
        ]
        assert found[row].tolist() == pytest.approx([2 * slot / (SLOTS - 1) - 1 for slot in slots], abs=1e-6)
    many = encoder(torch.arange(20_000))
    assert many.min() >= -1
    assert many.max() <= 1
    assert many.mean(0).abs().max() < 0.02
    assert (many.var(0) - 1 / 3).abs().max() < 0.02
    assert np.corrcoef(many.T.numpy())[np.triu_indices(3, 1)] == pytest.approx([0, 0, 0], abs=0.05)


def test_deep_hash_embeddings_stand_in_for_absent_vectors_only():
    """By the key where there is one: two ids of one code are told apart; else by the code."""
    arch, batch = built(DHE(), item(rows=(1, 0, 0), keys=(7, 8, 9), codes=(1, 0, 0)), 2)
    found = arch(batch, embedded(3, 2))[:, 0]
    torch.testing.assert_close(found[0], arch.column(batch, 0)[0])
    assert (found[1] - found[2]).abs().max() > 1e-3
    arch, batch = built(DHE(), item(rows=(1, 0, 0), codes=(1, 0, 0)), 2)
    found = arch(batch, embedded(3, 2))[:, 0]
    torch.testing.assert_close(found[1], found[2])


def test_fine_tuned_moves_what_is_known_and_no_other():
    """P (v / √2 + Δ): a Δ of 1 on row 2 alone, found in another table by its vector."""
    arch, batch = built(FineTuned(), item(), 2)
    with torch.no_grad():
        arch.projections[0].weight.copy_(torch.eye(2))
        arch.deltas[0].table[:] = torch.tensor([[5.0, 5], [0, 0], [1, 1]])  # row 0 must never count
    other = replace(
        batch, rows=torch.tensor([[3], [0], [1]]), tables=(torch.tensor([[0.0, 0], [9, 9], [1, 1], [1, -1]]),)
    )
    found = arch(other, embedded(3, 2))[:, 0]
    torch.testing.assert_close(
        found, torch.tensor([[1 + 1 / ROOT, 1 - 1 / ROOT], [0, 0], [9 / ROOT, 9 / ROOT]])
    )
    torch.testing.assert_close(arch(batch, embedded(3, 2))[:, 0][2], found[0])


def test_a_row_index_finds_equal_vectors_only():
    generator = seeded()
    table = torch.randn(500, 6, generator=generator)
    table[0] = 0
    order = torch.randperm(500, generator=generator)
    other = torch.cat([torch.zeros(1, 6), table[order], table[1:] + 1e-6])
    found = RowIndex(table)(other)
    assert found[0] == 0
    torch.testing.assert_close(found[1:501], order)
    assert (found[501:] == 0).all()


def test_fine_tuned_vectors_learn_at_their_own_rate():
    """Adam's first step is the learning rate: .5 of the deltas, .001 of the rest, which has no such decay."""
    inputs = planted_inputs(200, 0)
    ranker = WideDeep(pretrained=FineTuned(learning_rate=0.5, decay=0.25))
    schema = Schema.of(inputs)
    batch = Batch.of(inputs, schema)
    model = ranker.build(batch, schema, seeded())
    groups = parameter_groups(model)
    assert [group.get("lr") for group in groups] == [None, 0.5, 0.5]
    assert [group.get("weight_decay") for group in groups] == [None, 0.25, 0.25]
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimizer = torch.optim.Adam(groups, lr=1e-3, fused=True)
    model(batch).sum().backward()
    optimizer.step()
    moved = {name: (value - before[name]).abs().max().item() for name, value in model.named_parameters()}
    deltas = [name for name in moved if "deltas" in name]
    assert len(deltas) == 2
    assert all(moved[name] == pytest.approx(0.5, rel=1e-3) for name in deltas)
    assert all(value <= 1.01e-3 for name, value in moved.items() if name not in deltas)


@pytest.mark.parametrize("pretrained", [Frozen(), Projected(), Added(), Mixed(), DHE()], ids=lambda p: p.kind)
def test_tables_that_are_not_fine_tuned_do_not_move(pretrained):
    inputs = planted_history(300, 0)
    before = inputs.fingerprint()
    DeepFM(pretrained=pretrained, training=RankerTraining(epochs=1)).fit(inputs, planted_history(100, 1), 0)
    assert inputs.fingerprint() == before


@every_kind
@pytest.mark.parametrize("ranker", [WideDeep, DLRM, DeepFM])
def test_every_weight_is_learned(ranker, pretrained):
    inputs = planted_inputs(500, 0)
    schema = Schema.of(inputs)
    batch = Batch.of(inputs, schema)
    model = ranker(pretrained=pretrained).build(batch, schema, seeded())
    model(batch).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@every_kind
def test_settings_survive_json(pretrained):
    again = WideDeep.model_validate_json(WideDeep(pretrained=pretrained).model_dump_json())
    assert again.pretrained == pretrained
    assert type(again.pretrained) is type(pretrained)


@pytest.mark.parametrize("pretrained", [Added(), Mixed(), DHE()], ids=lambda p: p.kind)
def test_a_side_without_its_id_is_refused(pretrained):
    inputs = item()
    with pytest.raises(ConfigError, match=f"{pretrained.kind} needs the item's id beside the vector 'v'"):
        built(pretrained, replace(inputs, fields=inputs.fields[1:]), 2)


def test_platt_finds_the_sigmoid_that_made_the_labels():
    rng = np.random.default_rng(0)
    scores = rng.normal(3, 2, 20_000)
    label = (rng.random(20_000) < 1 / (1 + np.exp(-(1.5 * scores - 4)))).astype(np.float32)
    slope, offset = platt(scores, label)
    assert slope == pytest.approx(1.5, abs=0.06)
    assert offset == pytest.approx(-4, abs=0.2)


def test_platt_of_separable_scores_is_finite():
    slope, offset = platt(np.array([-1.0, -1, 1, 1]), np.float32([0, 0, 1, 1]))
    assert 1 / (1 + np.exp(-(slope + offset))) == pytest.approx(3 / 4, abs=1e-4)  # (2 + 1) / (2 + 2)
    assert 1 / (1 + np.exp(-(-slope + offset))) == pytest.approx(1 / 4, abs=1e-4)
