"""Samplers of histories against a naive reading of the log, and what they must never know."""

from collections import Counter

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples, FutureItems, NextItems
from tests.unit.graph.test_sequences import graph_of

DAY = 86_400_000_000


def random_log(seed: int) -> list[tuple[int, int, int]]:
    """Three users, six items, of which each user has some at one of eight moments."""
    rng = np.random.default_rng(seed)
    return [(u, i, int(rng.integers(1, 9)) * DAY) for u in range(3) for i in range(6) if rng.random() < 0.8]


def view_of(log) -> GraphView:
    return View(nodes="all").build(graph_of(saw=log))


def asked_in(batches) -> list[tuple[int, list[int], int]]:
    """(user, known items, target) of all anchors."""
    found = []
    for batch in batches:
        assert isinstance(batch, Examples)
        histories = batch.histories
        for n, (row, place) in enumerate(zip(histories.anchors, histories.places, strict=True)):
            known = histories.items[row, : place + 1]
            found.append((int(batch.src[n]), (known[known >= 0] - 3).tolist(), int(batch.dst[n]) - 3))
    return found


def next_items_of(log, length):
    """What is asked, read off the log: each event, after the events of its user strictly before it."""
    asked = []
    for user in range(3):
        events = sorted((t, i) for u, i, t in log if u == user)
        last = max((t for t, _ in events), default=0)
        readable = [i for t, i in events if t < last][-length:]  # the last events before the last moment
        for t, item in events:
            before = [i for s, i in events if s < t and i in readable]
            if before:
                asked.append((user, before, item))
    return asked


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [2, 50])
def test_next_items_are_those_of_the_log(seed, length):
    log = random_log(seed)
    found = asked_in(NextItems(length=length).epoch(view_of(log), 2, seed=0, epoch=1))
    assert sorted(found) == sorted(next_items_of(log, length))


@pytest.mark.parametrize("sampler", [NextItems(), FutureItems(days=1.0, count=0)])
def test_an_anchor_knows_nothing_of_its_targets_moment(sampler):
    """Of edges at t, t again and t + 1 µs the first two never meet, and the third is asked after both."""
    view = view_of([(0, 1, 50), (0, 2, 50), (0, 3, 51)])
    batches = [b for epoch in range(8) for b in sampler.epoch(view, 4, seed=0, epoch=epoch)]
    assert {(tuple(known), target) for _, known, target in asked_in(batches)} <= {((1,), 3), ((1, 2), 3)}
    assert asked_in(batches)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("days", "events"), [(2.0, None), (1000.0, 2), (1000.0, None)])
def test_future_items_are_drawn_evenly_from_the_time_after_each_place(seed, days, events):
    log = random_log(seed)
    view = view_of(log)
    sampler = FutureItems(days=days, events=events, count=0)
    found = [one for epoch in range(300) for one in asked_in(sampler.epoch(view, 2, seed=seed, epoch=epoch))]
    expected = {}
    for user in range(3):
        own = sorted((t, i) for u, i, t in log if u == user)
        for place, (t, _) in enumerate(own):
            later = [(s, i) for s, i in own if s > t][:events]
            future = [i for s, i in later if s <= t + days * DAY]
            if future:
                expected[user, tuple(i for _, i in own[: place + 1])] = future
    drawn = Counter((user, tuple(known), target) for user, known, target in found)
    assert {(u, k) for u, k, _ in drawn} == set(expected)
    for (user, known), future in expected.items():
        counts = np.array([drawn[user, known, item] for item in future])
        assert counts.sum() == 300  # each place once an epoch
        assert np.abs(counts / 300 - 1 / len(future)).max() < 0.15


def test_at_most_so_many_anchors_of_a_history():
    view = view_of([(0, i, i * DAY) for i in range(1, 6)])
    for epoch in range(5):
        (batch,) = FutureItems(anchors=2, count=0).epoch(view, 4, seed=0, epoch=epoch)
        assert len(batch.dst) == len(set(batch.histories.places.tolist())) == 2


def test_shared_items_say_how_often_they_are_expected_and_leave_out_what_is_known():
    view = view_of([(0, 1, DAY), (0, 2, 2 * DAY), (1, 1, DAY), (1, 3, 2 * DAY)])
    (batch,) = NextItems(count=5).epoch(view, 4, seed=0, epoch=1)
    shared, popular = batch.negatives - 3, np.array([0, 2, 1, 1, 0, 0]) / 4
    assert shared[:2].tolist() == (batch.dst - 3).tolist()
    np.testing.assert_allclose(batch.chances, 2 * popular[shared] + 5 / 6, rtol=1e-6)
    known = {0: {1, 2}, 1: {1, 3}}
    expected = [
        (row, column)
        for row, user in enumerate(batch.src.tolist())
        for column, item in enumerate(shared.tolist())
        if item in known[user] and item != batch.dst[row] - 3
    ]
    assert sorted(map(tuple, batch.left_out.T.tolist())) == expected


def test_the_whole_catalogue_is_shared_unless_a_count_is_given():
    (batch,) = NextItems().epoch(view_of(random_log(0)), 4, seed=0, epoch=1)
    assert batch.negatives.tolist() == list(range(3, 9))
    assert batch.left_out.numel() == 0
    assert batch.chances is None


def test_an_epoch_is_a_function_of_its_number_and_the_seed():
    view, sampler = view_of(random_log(1)), FutureItems(count=3)
    one, same, other = ([b.dst.tolist() for b in sampler.epoch(view, 2, seed=1, epoch=e)] for e in (1, 1, 2))
    assert one == same != other
    assert sampler.steps(view, 2) == len(one)


def test_what_has_no_order_is_refused():
    with pytest.raises(GraphError, match="has no times"):
        NextItems().steps(view_of([(0, 1, None), (0, 2, None)]), 4)
    with pytest.raises(GraphError, match="no source has events at two moments"):
        NextItems().steps(view_of([(0, 1, 5), (0, 2, 5), (1, 1, 3)]), 4)
