"""Self-attention over histories: against loops, what it may not see, and what it keeps."""

import math

import numpy as np
import pytest
import torch

from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.encoders import SelfAttention
from embedding_features.encoders.time_features import TIME_FEATURES, time_features
from embedding_features.errors import SnapshotError
from embedding_features.graph.view import View
from embedding_features.sampling import NextItems
from tests.unit.graph.test_sequences import graph_of

SECOND = 1_000_000


def view_of(log, **others):
    return View(nodes="all").build(graph_of(saw=log, **others))


def network_of(view, **settings):
    settings = {"dim": 4, "length": 6, "std": 0.5, "blocks": 1, "heads": 2} | settings
    return SelfAttention(**settings).build(view, torch.Generator().manual_seed(0)).eval()


def normed(x):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def test_one_block_is_what_its_formula_says():
    """Items 5, 2 and 1, in loops over events, heads and components."""
    network = network_of(view_of([(0, 5, 10), (0, 2, 20), (0, 1, 30)]))
    table, positions = network.table.detach().numpy(), network.positions.detach().numpy()
    block = network.blocks[0]
    attend, join, widen, narrow = (
        getattr(block, name).weight.detach().numpy() for name in ("attend", "join", "widen", "narrow")
    )
    x = [2 * table[item] + positions[3 + place] for place, item in enumerate((5, 2, 1))]
    triples = [(attend @ normed(one)).reshape(3, 2, 2) for one in x]  # query, key, value; heads; numbers
    states = []
    for place in range(3):
        mixed = []
        for head in range(2):
            scores = [triples[place][0][head] @ triples[k][1][head] / math.sqrt(2) for k in range(place + 1)]
            weights = np.exp(scores) / np.exp(scores).sum()
            mixed += list(sum(w * triples[k][2][head] for k, w in enumerate(weights)))
        after = x[place] + join @ np.array(mixed)
        hidden = widen @ normed(after)
        gelu = np.array([h / 2 * (1 + math.erf(h / math.sqrt(2))) for h in hidden])
        states.append(normed(after + narrow @ gelu))
    users = network()["user"].detach().numpy()
    np.testing.assert_allclose(users[0], states[-1], atol=1e-5)
    np.testing.assert_array_equal(users[1:], 0)  # they did nothing


LOG = [(0, item, 10 * item) for item in range(1, 6)] + [(1, 3, 7), (1, 2, 9)]


def test_the_state_of_an_anchor_at_the_end_is_the_vector_of_who_did_no_more():
    """The users' last events are asked for: before them user 0 did four things, user 1 one."""
    network = network_of(view_of(LOG), actions=True, times=True)
    (batch,) = NextItems(length=6).epoch(view_of(LOG), 8, seed=0, epoch=1)
    states, at_the_end = network.encode(batch)[0].src, batch.histories.places == 5
    network.observe(view_of([*LOG[:4], LOG[5]]))
    expected = network()["user"][batch.src[at_the_end]]
    assert len(expected) == 2
    torch.testing.assert_close(states[at_the_end], expected, atol=1e-6, rtol=0)


def test_a_state_is_the_same_whatever_comes_later():
    network = network_of(view_of(LOG), actions=True, times=True)
    (batch,) = NextItems(length=6).epoch(view_of(LOG), 8, seed=0, epoch=1)
    changed = batch.histories.items.clone()
    changed[:, -1] = 3  # the last events are now of item 0
    other = batch._replace(histories=batch.histories._replace(items=changed))
    states, after = (network.encode(one)[0].src for one in (batch, other))
    early = batch.histories.places < 5
    assert early.any()
    torch.testing.assert_close(after[early], states[early], atol=0, rtol=0)
    assert (after != states)[~early].any(1).all()


def test_padding_changes_nothing():
    view = view_of([(0, 5, 10), (0, 2, 20)])
    network = network_of(view, length=20)
    windows = [torch.from_numpy(part) for part in network.histories.windows(0, 1)]
    short = network._of_group(*(part[:, -2:] for part in windows))
    torch.testing.assert_close(short[:, -1], network._of_group(*windows)[:, -1], atol=1e-6, rtol=0)


def test_dropout_is_for_training_alone():
    view = view_of([(0, 5, 10), (0, 2, 20)])
    network = network_of(view, dropout=0.5)
    torch.testing.assert_close(network.vectors(), network.vectors(), atol=0, rtol=0)
    network.train()
    assert not torch.equal(network.vectors(), network.vectors())


def test_actions_and_times_are_told_apart():
    saw, bought = [(0, 5, 10 * SECOND), (0, 2, 20 * SECOND)], [(0, 1, 5 * SECOND), (1, 1, SECOND)]
    view = view_of(saw, bought=bought)
    network = network_of(view, of="all", actions=True, times=True)
    before = network()["user"][0]
    network.observe(view_of(bought[:1], bought=[*saw, bought[1]]))  # the same events by other relations
    assert (network()["user"][0] - before).abs().max() > 1e-3
    network.observe(view_of([(0, 5, 10 * SECOND), (0, 2, 21 * SECOND)], bought=bought))
    assert (network()["user"][0] - before).abs().max() > 1e-4
    network.observe(view)
    torch.testing.assert_close(network()["user"][0], before, atol=0, rtol=0)


def test_time_features_golden():
    """A day after the first event of 1970: a gap of 86,400 s, and a quarter of the four days to come."""
    day = 86_400 * SECOND
    found = time_features(torch.tensor([[0, day, 2 * day]]), torch.tensor([[False, True, True]]))
    assert found.shape == (1, 3, TIME_FEATURES)
    assert found[0, 1, 0] == 0  # what is before it is padding
    assert found[0, 2, 0].item() == pytest.approx(math.log(1 + 86_400), rel=1e-6)
    week = 1 + 2 * 2  # after ln of the gap, hour and day
    assert found[0, 2, week].item() == pytest.approx(math.sin(2 * math.pi * 2 / 7), abs=1e-6)
    assert found[0, 2, week + 10 + 1].item() == pytest.approx(math.cos(2 * math.pi / 7), abs=1e-6)


def test_items_can_be_added():
    view = view_of([(0, 5, 10), (0, 2, 20)])
    network = network_of(view)
    before = network.table.detach().clone()
    network.grow({"user": 1, "item": 2})
    assert network.counts == {"user": 4, "item": 8}
    torch.testing.assert_close(network.table[:6], before, atol=0, rtol=0)
    assert not network.table[6:].any()


def test_a_state_whose_histories_do_not_fit_is_refused(tmp_path):
    network = network_of(view_of([(0, 5, 10), (0, 2, 20)]))
    network.histories.indptr[1] = 7
    export_encoder(network, tmp_path)
    with pytest.raises(SnapshotError, match="no histories"):
        load_encoder(tmp_path)


def test_heads_that_do_not_divide_the_dim_are_refused():
    with pytest.raises(ValueError, match="dim 5 cannot be divided by 2 heads"):
        SelfAttention(dim=5, heads=2)
