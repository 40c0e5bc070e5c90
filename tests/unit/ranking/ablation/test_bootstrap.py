"""The paired bootstrap: scipy as an oracle, coverage and false alarms on simulated data, Holm by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import t as student

from ranking.ablation.bootstrap import Sample, bootstrap, difference, figure, holm, seed_noise, user_draws
from ranking.metrics.replicates import UserRatio
from ranking.metrics.statistics import METRICS, rows_of


def simulate(
    number: int, delta: float, seeds: int = 3, sd_seed: float = 0.0, sd_both: float = 0.0
) -> dict[int, Sample]:
    """Six variants of one ranker, 0 the baseline, on 120 users of 1–29 rows; all others are ``delta`` better.

    A user's value is shared by all variants (sd 1) and partly the variant's own (sd .5); ``sd_seed`` moves a
    whole training run, ``sd_both`` a run on a user.
    """
    rng = np.random.default_rng([11, number])
    rows = rng.integers(1, 30, 120).astype(float)
    shared = rng.normal(0, 1, 120)
    statistics: dict[int, Sequence[UserRatio]] = {}
    for variant in range(6):
        value = shared + (delta + rng.normal(0, 0.5, 120) if variant else 0)
        runs = [value + rng.normal(0, sd_seed) + rng.normal(0, sd_both, 120) for _ in range(seeds)]
        statistics[variant] = [UserRatio(run * rows, rows) for run in runs]
    return bootstrap(statistics, 120, 300, number)


def coverage(delta: float, **spreads: float) -> tuple[float, float]:
    """The share of 600 simulations whose interval holds ``delta``, and the share with p < .05."""
    held, alarms = 0, 0
    for number in range(600):
        samples = simulate(number, delta, **spreads)
        estimate = difference(samples[1], samples[0], seed_noise(samples.values(), number), 0.05)
        held += estimate.low <= delta <= estimate.high
        alarms += estimate.p < 0.05
    return held / 600, alarms / 600


@pytest.mark.parametrize(
    "spreads", [{}, {"sd_seed": 0.1}, {"sd_both": 1.0}], ids=["users only", "seeds", "seeds × users"]
)
def test_interval_covers_the_truth(spreads: dict[str, float]) -> None:
    """95 % ± 2.5: leaving the seeds out falls to .7 in the second case, counting them twice rises to .99."""
    held, _ = coverage(0.1, **spreads)
    assert 0.925 <= held <= 0.975


def test_no_false_alarms_between_equal_variants() -> None:
    """A/A: variants that differ only by chance are called different one time in twenty."""
    _, alarms = coverage(0.0, sd_seed=0.1)
    assert 0.03 <= alarms <= 0.075


def test_rows_of_a_user_are_not_independent() -> None:
    """Twice the rows a user with the same values leave the interval as it is: users are drawn, not rows."""
    rng = np.random.default_rng(3)
    value, rows = rng.normal(0, 1, 80), np.full(80, 10.0)
    one = bootstrap({0: [UserRatio(value * rows, rows)]}, 80, 500, 1)[0]
    two = bootstrap({0: [UserRatio(value * rows * 2, rows * 2)]}, 80, 500, 1)[0]
    np.testing.assert_allclose(one.replicates, two.replicates)
    assert one.replicates.std() == pytest.approx(value.std() / 80**0.5, rel=0.1)


def test_identical_variants_are_no_difference() -> None:
    samples = simulate(0, 0.0)
    estimate = difference(samples[0], samples[0], seed_noise([samples[0]], 0), 0.05)
    assert estimate.p == 1.0
    assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


def test_pairing_cancels_what_users_share() -> None:
    """The interval of a difference is far narrower than that of either figure, for the users are the same."""
    samples = simulate(1, 0.1)
    noise = seed_noise(samples.values(), 1)
    paired = difference(samples[1], samples[0], noise, 0.05)
    alone = figure(samples[1], noise, 0.05)
    assert paired.high - paired.low < 0.6 * (alone.high - alone.low)


def test_agrees_with_scipy_on_a_mean_over_users() -> None:
    """One row a user makes log loss a plain mean, which scipy can bootstrap."""
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 400).astype(np.float32)
    score = rng.uniform(0.05, 0.95, 400).astype(np.float32)
    statistic = METRICS["log_loss"].statistic(rows_of(label, np.arange(400)), score)
    sample = bootstrap({0: [statistic]}, 400, 4000, 5)[0]
    ours = figure(sample, seed_noise([sample], 5), 0.05)
    losses = -np.log(np.where(label > 0, score, 1 - score).astype(float))
    oracle = scipy_bootstrap((losses,), np.mean, n_resamples=4000, method="percentile", rng=5)
    width = oracle.confidence_interval.high - oracle.confidence_interval.low
    assert ours.value == pytest.approx(losses.mean())
    assert ours.low == pytest.approx(oracle.confidence_interval.low, abs=0.05 * width)
    assert ours.high == pytest.approx(oracle.confidence_interval.high, abs=0.05 * width)


def test_few_users_make_students_t() -> None:
    """A mean over 12 users: the interval is s / sqrt(12) times the quantile of t with 11 degrees."""
    value = np.random.default_rng(8).normal(0, 1, 12)
    sample = bootstrap({0: [UserRatio(value, np.ones(12))]}, 12, 20_000, 8)[0]
    ours = figure(sample, seed_noise([sample], 8), 0.05)
    reach = student.isf(0.025, 11) * value.std(ddof=1) / 12**0.5
    assert (ours.high - ours.low) / 2 == pytest.approx(reach, rel=0.04)


def test_effective_users_golden() -> None:
    """Shares 1, 1, 2: 16 / 6. AUC: a row counts one over its class's rows squared."""
    assert UserRatio(np.zeros(3), np.array([1.0, 1, 2])).effective_users == pytest.approx(16 / 6)
    rows = rows_of(np.array([1, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 1]))
    weight = np.array([2 / 9, 1 / 9 + 2 / 4])
    found = METRICS["auc"].statistic(rows, np.arange(5, dtype=np.float32))
    assert found.effective_users == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


def test_p_value_golden() -> None:
    """Of 9 replicates 8 are above 0 and one is 0: the smaller side counts 1, so p = 2 (1 + 1) / 10."""
    variant = Sample(np.array([1.0]), np.array([[0.0, 1, 2, 3, 4, 5, 6, 7, 8]]))
    baseline = Sample(np.array([0.0]), np.zeros((1, 9)))
    estimate = difference(variant, baseline, seed_noise([variant, baseline], 0), 0.05)
    assert estimate.p == pytest.approx(0.4)


def test_undefined_replicates_count_against_a_difference() -> None:
    variant = Sample(np.array([1.0]), np.array([[np.nan] * 3 + [1.0] * 6]))
    baseline = Sample(np.array([0.0]), np.zeros((1, 9)))
    estimate = difference(variant, baseline, seed_noise([variant, baseline], 0), 0.05)
    assert estimate.p == pytest.approx(0.8)
    assert estimate.low == 1.0


def test_pooled_seed_noise_golden() -> None:
    """Two cells of two seeds, replicates without user × seed spread: variance (.02 + .08) / 2 = .05."""
    one = Sample(np.array([0.4, 0.6]), np.array([[0.4] * 5, [0.6] * 5]))
    two = Sample(np.array([0.3, 0.7]), np.array([[0.3] * 5, [0.7] * 5]))
    noise = seed_noise([one, two], 0)
    assert noise.sd == pytest.approx(0.05**0.5)
    assert seed_noise([Sample(np.array([0.5]), np.full((1, 5), 0.5))], 0).sd == 0.0


def test_draws_are_of_users_and_repeatable() -> None:
    first, second = (np.concatenate(list(user_draws(50, 600, 9)), axis=1) for _ in range(2))
    assert first.shape == (50, 600)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first.sum(axis=0), 50)
    assert first.var() == pytest.approx(1 - 1 / 50, rel=0.05)
    assert not np.array_equal(first[:, :50], first[:, 256:306])


def test_holm_golden() -> None:
    """.01 × 4, .02 × 3, then never less than the one before, never above 1."""
    assert holm([0.02, 0.01, 0.03, 0.9]) == pytest.approx([0.06, 0.04, 0.06, 0.9])
    assert holm([]) == []
