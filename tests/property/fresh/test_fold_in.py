"""Folding in a log gives each row what plain algebra gives for its own earlier events, one by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.errors import DataError
from embedding_features.fresh import Events, FoldIn, make_walk

NODES, OTHERS, DIM = 4, 6, 3


def parameters(seed: int, **given_parts: object) -> FoldInParameters:
    """Random parameters of an exact regression; the rest as given."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(DIM, DIM))
    made = FoldInParameters(
        other="item",
        design=rng.normal(size=(OTHERS, DIM)).astype(np.float32),
        prior_mean=rng.normal(size=(3, DIM)),
        prior_precision=root @ root.T + np.eye(DIM),
        readout=rng.normal(size=(DIM, DIM - 1)),
        noise=0.6,
    )
    return replace(made, **given_parts)


def uncertain(seed: int) -> np.ndarray:
    roots = np.random.default_rng(seed).normal(0, 0.4, (OTHERS, DIM, DIM))
    return (roots @ roots.transpose(0, 2, 1)).astype(np.float32)


KINDS = {
    "exact": lambda seed: {},
    "known": lambda seed: {"known": 1},
    "uncertain": lambda seed: {"covariance": uncertain(seed), "known": 0},
    "own prior": lambda seed: {"prior_rows": np.array([2, 1, 0, 1])},
    "likes": lambda seed: {"values": False, "ridge": 0.3, "start": np.arange(3.0)},
    "weights": lambda seed: {"values": False, "weighted": True},
    "projection": lambda seed: {
        "moments": False, "values": False, "count_exponent": -0.5, "start": np.ones(3),
        "prior_mean": np.zeros((1, DIM)), "prior_precision": np.eye(DIM), "noise": 1.0,
    },
}  # fmt: skip


def events_of(seed: int, n: int) -> Events:
    """Rows of few nodes and few moments, so that many are of one moment, in any order.

    Of even seeds all rows are events.
    """
    rng = np.random.default_rng(seed)
    node, other, time = rng.integers(0, NODES, n), rng.integers(0, OTHERS + 1, n), rng.integers(0, 12, n)
    counted = rng.random(n) < 0.7 if seed % 2 else None
    return Events(node, other, time, rng.normal(size=n), counted=counted)


def by_algebra(one: FoldInParameters, node: int, entries: list[int], values: list[float]):
    """Mean and covariance of z, and the number of events that say something."""
    prior = one.prior_mean[0 if one.prior_rows is None else one.prior_rows[node]]
    precision, linear = one.prior_precision.copy(), one.prior_precision @ prior
    free = [k for k in range(DIM) if k != one.known]
    if one.known >= 0:
        linear = one.prior_precision[:, free] @ prior[free]
    weight, count = 0.0, 0
    for entry, value in zip(entries, values, strict=True):
        if not one.values and value <= 0:
            continue
        w = value if one.weighted else 1.0
        y = value if one.values else 1.0
        x = one.design[entry].astype(float)
        second = np.outer(x, x) + (0 if one.covariance is None else one.covariance[entry])
        if one.moments:
            precision = precision + w * second / one.noise
        linear = linear + w * y * x / one.noise
        if one.known >= 0:
            linear = linear - w * second[:, one.known] / one.noise
        precision = precision + one.ridge * w * np.eye(DIM)
        weight, count = weight + w, count + 1
    covariance = np.zeros((DIM, DIM))
    covariance[np.ix_(free, free)] = np.linalg.inv(precision[np.ix_(free, free)])
    mean = covariance @ linear
    if one.known >= 0:
        mean[one.known] = 1
    if count == 0 and one.start is not None:
        mean = one.start
    elif count:
        mean = mean * weight**one.count_exponent
    return mean, covariance, count


def check_row(
    events: Events, row: int, one: FoldInParameters, entry_of: np.ndarray, last: int, found, scored
):
    counted = True if events.counted is None else events.counted
    mine = np.flatnonzero((events.node == events.node[row]) & (events.time < events.time[row]) & counted)
    if len(mine) > last:
        oldest = np.sort(events.time[mine])[-last]
        mine = mine[events.time[mine] >= oldest]
    there = entry_of[events.other[mine]] >= 0
    newest = events.time[mine[there]].max(initial=0)
    if not one.weighted:  # of a pair the last event counts, of one moment the one of the largest value
        last_of = {}
        for event in sorted(mine.tolist(), key=lambda e: (events.time[e], events.value[e])):
            last_of[events.other[event]] = event
        mine = np.array(list(last_of.values()), np.int64)
        there = entry_of[events.other[mine]] >= 0
    used = mine[there]
    mean, covariance, count = by_algebra(
        one, events.node[row], entry_of[events.other[used]].tolist(), events.value[used].tolist()
    )
    np.testing.assert_allclose(found.vector[row], mean @ one.readout, rtol=1e-6, atol=1e-8)
    assert found.used[row] == count
    assert found.skipped[row] == (~there).sum()
    assert found.newest[row] == newest
    entry = entry_of[events.other[row]]
    if entry < 0:
        assert np.isnan([found.score[row], found.variance[row]]).all()
        return
    x = scored[entry]
    np.testing.assert_allclose(found.score[row], mean @ x, rtol=1e-6, atol=1e-8)
    if one.moments:
        variance = x @ covariance @ x
        if one.covariance is not None:
            variance += np.sum(one.covariance[entry] * (np.outer(mean, mean) + covariance))
        np.testing.assert_allclose(found.variance[row], variance, rtol=1e-6, atol=1e-8)
    else:
        assert np.isnan(found.variance[row])


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 40), last=st.sampled_from([1, 3, 100]))
@settings(max_examples=25, deadline=None)
def test_a_log_is_folded_in_as_one_row_after_another(kind: str, seed: int, n: int, last: int) -> None:
    """The last code has no vector in the first snapshot, and another one none in the second."""
    models = [parameters(seed + k, **KINDS[kind](seed + k)) for k in range(2)]
    entry = [np.arange(OTHERS + 1), np.arange(OTHERS + 1) - 1]
    entry[0][OTHERS] = -1
    moments, events = np.array([2, 7]), events_of(seed, n)
    own = [np.arange(NODES), np.arange(NODES)]
    vectors = [np.random.default_rng(k).normal(size=(OTHERS, DIM - 1)).astype(np.float32) for k in (0, 1)]
    found = FoldIn(models, vectors).rows(make_walk(events, moments, entry, own, last))
    for row in range(n):
        before = np.flatnonzero(moments < events.time[row])
        if not len(before):
            assert (found.used[row], found.skipped[row]) == (-1, -1)
            assert np.isnan([found.score[row], found.variance[row], *found.vector[row]]).all()
            continue
        at = before[-1]
        scored = models[at].design if models[at].moments else vectors[at] @ models[at].readout.T
        check_row(events, row, models[at], entry[at], last, found, scored)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_neither_the_order_of_rows_nor_anything_later_matters(seed: int) -> None:
    """Rows shuffled, among them those of one moment; and every later row changed."""
    model, moments = FoldIn([parameters(seed)], [np.zeros((OTHERS, DIM - 1), np.float32)]), np.array([1])
    entry, own = [np.append(np.arange(OTHERS), -1)], [np.arange(NODES)]
    events = events_of(2 * seed, 30)
    found = model.rows(make_walk(events, moments, entry, own, 5))
    shuffle = np.random.default_rng(seed).permutation(30)
    shuffled = Events(*(part[shuffle] for part in (events.node, events.other, events.time, events.value)))
    again = model.rows(make_walk(shuffled, moments, entry, own, 5))
    np.testing.assert_allclose(again.vector, found.vector[shuffle], rtol=1e-7, atol=1e-9)
    now = events.time >= 6
    later = Events(events.node, np.where(now, 0, events.other), events.time, np.where(now, 9.0, events.value))
    changed = model.rows(make_walk(later, moments, entry, own, 5))
    np.testing.assert_array_equal(changed.vector[events.time <= 6], found.vector[events.time <= 6])


def test_only_wanted_rows_are_folded_in_and_they_are_the_same() -> None:
    """One node alone, as of a request: the others' rows make no difference."""
    events = events_of(2, 30)
    entry, own, moments = [np.append(np.arange(OTHERS), -1)], [np.arange(NODES)], np.array([1])
    model = FoldIn([parameters(1)], [np.zeros((OTHERS, DIM - 1), np.float32)])
    every = model.rows(make_walk(events, moments, entry, own, 100))
    mine = events.node == 2
    alone = Events(
        np.zeros(mine.sum(), np.int64), events.other[mine], events.time[mine], events.value[mine],
        events.time[mine] > 8,
    )  # fmt: skip
    found = model.rows(make_walk(alone, moments, entry, [np.array([2])], 100))
    wanted = events.time[mine] > 8
    np.testing.assert_array_equal(found.score[wanted], every.score[mine][wanted])
    assert (found.used[~wanted] == -1).all()


@pytest.mark.parametrize("side", ["other", "node"])
def test_a_code_without_an_id_is_refused(side: str) -> None:
    """Of three ids on each side the last one is fine, and the one after it is not there."""
    ids, moments = [np.arange(3)], np.array([1])
    last = Events(*(np.array([0, 2]) for _ in range(4)))
    assert len(make_walk(last, moments, ids, ids, 5).order) == 2
    with pytest.raises(DataError, match="up to 3 of 3 ids"):
        make_walk(replace(last, **{side: np.array([0, 3])}), moments, ids, ids, 5)
