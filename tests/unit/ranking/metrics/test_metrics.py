"""Metrics: hand-computed goldens, scikit-learn, naive weighted references, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import ndcg_score, roc_auc_score

from embedding_features.errors import DataError
from ranking.metrics.metrics import auc, gauc, log_loss, ndcg, rce
from ranking.metrics.replicates import UndefinedMetricError
from ranking.metrics.statistics import METRICS, rows_of

LABEL = np.array([1, 0, 1, 0, 1, 1, 0, 0], np.float32)
SCORE = np.array([0.9, 0.8, 0.8, 0.1, 0.5, 0.4, 0.6, 0.3], np.float32)
USER = np.array(["a", "a", "a", "a", "b", "b", "b", "c"])


def test_auc_golden() -> None:
    """Positives .9 .8 .5 .4 against negatives .8 .1 .6 .3: 4 + 3.5 + 2 + 2 wins of 16."""
    assert auc(LABEL, SCORE) == pytest.approx(11.5 / 16)


def test_gauc_golden() -> None:
    """a: .9 wins 2, .8 wins 1.5, of 4, on 4 rows; b: no win of 2, on 3 rows; c has one class."""
    result = gauc(LABEL, SCORE, USER)
    assert result.value == pytest.approx((4 * 3.5 / 4 + 3 * 0.0) / 7)
    assert (result.users, result.skipped) == (2, 1)


def test_log_loss_golden() -> None:
    value = log_loss([1, 0, 1], [0.8, 0.4, 0.5])
    assert value == pytest.approx(-(math.log(0.8) + math.log(0.6) + math.log(0.5)) / 3, rel=1e-6)


def test_log_loss_clips_at_1e_7() -> None:
    """A sure and wrong answer costs -ln 1e-7, not infinity; in float64, so 1 - 1e-7 is not rounded to 1."""
    assert log_loss([1, 0], [0.0, 1.0]) == pytest.approx(-math.log(1e-7), rel=1e-9)
    assert log_loss([1, 0], [1.0, 0.0]) == pytest.approx(1e-7, rel=1e-4)


def test_rce_golden() -> None:
    """Constant .25 on labels 1 0: (ln 4 + ln 4/3)/2; the model's .5: ln 2."""
    constant = (math.log(4) + math.log(4 / 3)) / 2
    assert rce([1, 0], [0.5, 0.5], base_rate=0.25) == pytest.approx(100 * (1 - math.log(2) / constant))
    assert rce([1, 0], [0.25, 0.25], base_rate=0.25) == pytest.approx(0.0, abs=1e-9)
    assert rce([1, 0], [0.01, 0.99], base_rate=0.25) < -100


def test_ndcg_golden() -> None:
    """a: gain 1 at rank 1, half a gain at the tied ranks 2 and 3; b: positives at ranks 2 and 3; c: none."""
    second, third = 1 / math.log2(3), 1 / 2
    a = (1 + (second + third) / 2) / (1 + second)
    b = (second + third) / (1 + second)
    assert ndcg(LABEL, SCORE, USER) == pytest.approx((a + b) / 2)


def test_ndcg_cuts_at_k() -> None:
    """Twelve rows, the positives at ranks 2 and 11: only the first counts at 10, and the ideal holds two."""
    label = np.zeros(12)
    label[[1, 10]] = 1
    score = -np.arange(12.0)
    assert ndcg(label, score, np.zeros(12)) == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


def test_ndcg_tie_across_the_cut() -> None:
    """Four equal scores, one positive, k = 2: it is first, or second, a quarter of the time each."""
    assert ndcg([0, 0, 0, 1], [1, 1, 1, 1], [7, 7, 7, 7], k=2) == pytest.approx(0.25 * (1 + 1 / math.log2(3)))


def test_tied_scores_do_not_depend_on_row_order() -> None:
    rng = np.random.default_rng(0)
    label, user = rng.integers(0, 2, 60), rng.integers(0, 4, 60)
    score = rng.integers(0, 3, 60) / 4
    order = rng.permutation(60)
    assert auc(label, score) == pytest.approx(auc(label[order], score[order]))
    for metric in (lambda *a: gauc(*a).value, ndcg):
        assert metric(label, score, user) == pytest.approx(metric(label[order], score[order], user[order]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 200), st.sampled_from([2, 5, 1000]))
def test_agrees_with_sklearn(seed: int, n: int, levels: int) -> None:
    """On random rows with few (many ties) to many score levels."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    label[:2] = 0, 1
    user = rng.integers(0, 6, n)
    user[:2] = 0
    score = (rng.integers(0, levels, n) / levels).astype(np.float32)
    probability = np.clip(score, 0.01, 0.99)
    assert auc(label, score) == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    assert log_loss(label, probability) == pytest.approx(
        sklearn_log_loss(label, probability.astype(float)), abs=1e-9
    )
    groups = [user == u for u in np.unique(user)]
    both = [g for g in groups if 0 < label[g].sum() < g.sum()]
    expected = sum(g.sum() * roc_auc_score(label[g], score[g]) for g in both) / sum(g.sum() for g in both)
    assert gauc(label, score, user).value == pytest.approx(expected, abs=1e-12)
    positive = [g for g in groups if label[g].any() and g.sum() > 1]
    single = [1.0 for g in groups if label[g].any() and g.sum() == 1]  # sklearn refuses a single document
    expected = np.mean([ndcg_score([label[g]], [score[g]], k=10) for g in positive] + single)
    assert ndcg(label, score, user) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(METRICS)), st.sampled_from([3, 1000]))
def test_weights_mean_repeated_users(seed: int, name: str, levels: int) -> None:
    """A statistic at integer weights is the metric of data with each user's rows repeated as new users."""
    rng = np.random.default_rng(seed)
    n, users = 80, 7
    user = rng.integers(0, users, n)
    user[:users] = np.arange(users)
    label = rng.integers(0, 2, n).astype(np.float32)
    label[:4] = 0, 1, 0, 1
    user[:4] = 0
    score = (rng.integers(1, levels, n) / levels).astype(np.float32)
    weights = rng.integers(0, 4, (users, 5)).astype(float)
    weights[0] = np.maximum(weights[0], 1)
    got = METRICS[name].statistic(rows_of(label, user, 0.4), score)(weights)
    for b in range(5):
        repeated = [(i, f"{user[i]}-{copy}") for i in range(n) for copy in range(int(weights[user[i], b]))]
        rows = np.array([i for i, _ in repeated])
        keys = np.array([key for _, key in repeated])
        again = METRICS[name].statistic(rows_of(label[rows], keys, 0.4), score[rows])
        assert got[b] == pytest.approx(again(np.ones((len(set(keys)), 1)))[0], abs=1e-9)


def test_a_replicate_without_the_needed_users_is_nan() -> None:
    """User c has no pair: drawing only c leaves every ranking metric undefined, never 0 or .5."""
    only_c = np.array([[0.0], [0.0], [1.0]])
    for name in ("auc", "gauc", "ndcg@10"):
        assert np.isnan(METRICS[name].statistic(rows_of(LABEL, USER), SCORE)(only_c)[0])


def test_a_slice_keeps_user_codes() -> None:
    rows = rows_of(LABEL, USER)
    kept = rows.where(np.array([False] * 4 + [True] * 4))
    assert kept.users == 3
    assert kept.user.tolist() == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("label", "score", "message"),
    [
        ([], [], "shape"),
        ([0, 1], [0.1, np.nan], "1 of 2 scores are NaN"),
        ([0, 1], [0.1, np.inf], "NaN or infinite"),
        ([0, 2], [0.1, 0.2], "not 0 or 1, the first 2"),
        ([0, np.nan], [0.1, 0.2], "not 0 or 1"),
        ([0, 1], [0.1], "one score a row"),
    ],
)
def test_refuses(label: list[float], score: list[float], message: str) -> None:
    for metric in (
        auc,
        log_loss,
        lambda y, s: ndcg(y, s, [0] * len(y)),
        lambda y, s: gauc(y, s, [0] * len(y)),
    ):
        with pytest.raises(DataError, match=message):
            metric(label, score)


@pytest.mark.parametrize("label", [[1, 1, 1], [0, 0, 0]])
def test_one_class_is_undefined(label: list[int]) -> None:
    with pytest.raises(UndefinedMetricError, match="AUC of 3 rows"):
        auc(label, [0.1, 0.2, 0.3])
    with pytest.raises(UndefinedMetricError, match="both classes"):
        gauc(label, [0.1, 0.2, 0.3], [1, 1, 2])


def test_ndcg_needs_a_positive() -> None:
    with pytest.raises(UndefinedMetricError, match="positive row"):
        ndcg([0, 0], [0.1, 0.2], [1, 2])


def test_probability_metrics_refuse_logits_and_odd_base_rates() -> None:
    with pytest.raises(DataError, match="sigmoid"):
        log_loss([0, 1], [-2.0, 3.0])
    with pytest.raises(DataError, match="base rate"):
        rce([0, 1], [0.2, 0.3], base_rate=1.0)
    with pytest.raises(DataError, match="one user a row"):
        gauc([0, 1], [0.2, 0.3], [1])
