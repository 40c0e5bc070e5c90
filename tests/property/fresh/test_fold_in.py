"""Folding in a log gives each row what folding in its own earlier events gives, one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.fresh.fold_in import FoldInModel
from embedding_features.fresh.log import Events, fold_in_log

NODES, OTHERS, DIM = 4, 6, 3


def model(seed: int, known: int, uncertain: bool) -> FoldInModel:
    rng = np.random.default_rng(seed)
    root, roots = rng.normal(size=(DIM, DIM)), rng.normal(0, 0.4, (OTHERS, DIM, DIM))
    vectors = rng.normal(size=(OTHERS, DIM))
    return FoldInModel(
        vectors=vectors,
        covariance=roots @ roots.transpose(0, 2, 1) if uncertain else None,
        noise=0.6,
        level=0.2,
        prior_mean=rng.normal(size=DIM),
        prior_precision=root @ root.T + np.eye(DIM),
        known=known,
    )


def events_of(seed: int, n: int) -> Events:
    """Rows of few nodes and few moments, so that many are of one moment, in any order."""
    rng = np.random.default_rng(seed)
    return Events(
        rng.integers(0, NODES, n), rng.integers(0, OTHERS + 1, n), rng.integers(0, 12, n), rng.normal(size=n)
    )


def naive(events: Events, models: list[FoldInModel], rows_of: list[np.ndarray], moments: np.ndarray):
    """Each row alone: its node's events strictly before it, in the newest snapshot strictly before it."""
    for row in range(len(events.time)):
        before = np.flatnonzero(moments < events.time[row])
        if not len(before):
            yield None
            continue
        at = before[-1]
        earlier = (events.node == events.node[row]) & (events.time < events.time[row])
        folded = models[at].fold_in(rows_of[at][events.other[earlier]], events.value[earlier])
        used = earlier & (rows_of[at][events.other] >= 0)
        mean, variance = models[at].scores(folded, rows_of[at][events.other[row : row + 1]])
        yield folded, mean[0], variance[0], events.time[used].max(initial=0)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 40),
    known=st.sampled_from([-1, 0, 1]),
    uncertain=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_log_is_folded_in_as_one_row_after_another(seed: int, n: int, known: int, uncertain: bool) -> None:
    """The last code has no vector in the first snapshot, and another one none in the second."""
    models = [model(seed + k, known, uncertain) for k in range(2)]
    rows_of = [np.arange(OTHERS + 1), np.arange(OTHERS + 1) - 1]
    rows_of[0][OTHERS] = -1
    moments, events = np.array([2, 7]), events_of(seed, n)
    found = fold_in_log(events, models, rows_of, moments)
    for row, expected in enumerate(naive(events, models, rows_of, moments)):
        if expected is None:
            assert found.events[row] == -1
            assert np.isnan([found.score[row], found.variance[row], *found.vectors[row]]).all()
            continue
        folded, mean, variance, newest = expected
        np.testing.assert_allclose(found.vectors[row], folded.mean, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(
            [found.score[row], found.variance[row]], [mean, variance], rtol=1e-7, atol=1e-9
        )
        assert (found.events[row], found.newest[row]) == (folded.events, newest)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_neither_the_order_of_rows_nor_anything_later_matters(seed: int) -> None:
    """Rows shuffled, among them those of one moment; and every later row changed."""
    models, rows_of, moments = [model(seed, -1, True)], [np.arange(OTHERS + 1)], np.array([1])
    rows_of[0][OTHERS] = -1
    events = events_of(seed, 30)
    found = fold_in_log(events, models, rows_of, moments)
    rng = np.random.default_rng(seed)
    shuffle = rng.permutation(30)
    again = fold_in_log(Events(*(part[shuffle] for part in vars(events).values())), models, rows_of, moments)
    np.testing.assert_allclose(again.vectors, found.vectors[shuffle], rtol=1e-7, atol=1e-9)
    now = events.time >= 6
    later = Events(events.node, np.where(now, 0, events.other), events.time, np.where(now, 9.0, events.value))
    changed = fold_in_log(later, models, rows_of, moments)
    np.testing.assert_array_equal(changed.vectors[events.time <= 6], found.vectors[events.time <= 6])


def test_without_events_there_is_the_prior() -> None:
    given_model = model(0, -1, True)
    folded = given_model.fold_in(np.array([], np.int64), np.array([]))
    np.testing.assert_allclose(folded.mean, given_model.prior_mean, rtol=1e-9)
    np.testing.assert_allclose(folded.covariance, np.linalg.inv(given_model.prior_precision), rtol=1e-9)
    assert (folded.events, folded.skipped) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_vector_is_what_plain_algebra_says(seed: int) -> None:
    given_model, rng = model(seed, -1, True), np.random.default_rng(seed)
    rows, values = np.array([0, 3, -1, 3]), rng.normal(size=4)
    folded = given_model.fold_in(rows, values)
    precision, linear = given_model.prior_precision, given_model.prior_precision @ given_model.prior_mean
    for row, value in zip(rows[rows >= 0], values[rows >= 0], strict=True):
        v = given_model.vectors[row]
        precision = precision + (np.outer(v, v) + given_model.covariance[row]) / given_model.noise
        linear = linear + (value - given_model.level) * v / given_model.noise
    np.testing.assert_allclose(folded.mean, np.linalg.solve(precision, linear), rtol=1e-8)
    np.testing.assert_allclose(folded.covariance, np.linalg.inv(precision), rtol=1e-8, atol=1e-12)
    assert (folded.events, folded.skipped) == (3, 1)
