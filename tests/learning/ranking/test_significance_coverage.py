"""Intervals hold a known truth 95 times of 100, ablations of equals find nothing, wrong methods are caught.

The same simulations as ``python -m benchmarks.significance``, fewer of them: a band is where a fair count
falls 999 times of 1000. Each wrong method is run on the same data, and falls out of it.
"""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from scipy.stats import binom

from benchmarks.significance import (
    BETTER,
    QUALITY,
    RANKERS,
    Held,
    bootstrap_holds,
    compared,
    delong_holds,
    found,
    grid,
    unclustered,
)
from benchmarks.significance_world import Simulated, clustered, independent
from ranking.ablation.ablate import AblationConfig
from ranking.ablation.bootstrap import bootstrap, figure, seed_noise
from ranking.metrics.statistics import auc_statistic

BOTH = ("auc", "auc_difference")
QUICK = AblationConfig(metrics=("auc",), replicates=1000, min_slice_rows=10**9)


@pytest.fixture(scope="module", autouse=True)
def _little_garbage() -> Iterator[None]:
    """statsmodels collects garbage in every Holm correction: leave out what was there before."""
    gc.freeze()
    yield
    gc.unfreeze()


def held(trial: Callable[[int], Held], simulations: int) -> dict[str, int]:
    """In how many simulations each interval held the truth."""
    trials = [trial(number) for number in range(simulations)]
    return {name: sum(one[name] for one in trials) for name in trials[0]}


def band(simulations: int, share: float) -> tuple[int, int]:
    low, high = binom.interval(0.999, simulations, share)
    return int(low), int(high)


def users_of(number: int) -> Simulated[str]:
    return clustered(QUALITY, 60, 3, number)


def test_delong_covers_on_independent_rows() -> None:
    counts = held(lambda number: delong_holds(independent(QUALITY, 300, number), "auc"), 600)
    low, high = band(600, 0.95)
    assert all(low <= counts[name] <= high for name in BOTH), counts


def test_clustered_delong_covers_and_rows_as_users_do_not() -> None:
    low, high = band(600, 0.95)
    counts = held(lambda number: delong_holds(users_of(number), "auc"), 600)
    assert all(low <= counts[name] <= high for name in BOTH), counts
    wrong = held(lambda number: delong_holds(unclustered(users_of(number)), "auc"), 600)
    assert all(wrong[name] < low for name in BOTH), wrong


def test_bootstrap_covers_and_rows_as_users_do_not() -> None:
    low, high = band(400, 0.95)
    counts = held(lambda number: bootstrap_holds(users_of(number), number, "auc", 400), 400)
    assert all(low <= counts[name] <= high for name in BOTH), counts
    low, _ = band(200, 0.95)
    wrong = held(lambda number: bootstrap_holds(unclustered(users_of(number)), number, "auc", 400), 200)
    assert all(wrong[name] < low for name in BOTH), wrong


def few_users_hold(number: int) -> Held:
    """The interval of AUC at 20 users, the fewest an ablation takes, and the plain percentile interval."""
    world = clustered(QUALITY, 20, 1, number, seed_sd=0.0)
    sample = bootstrap({0: [auc_statistic(world.rows, world.scores[BETTER][0])]}, 20, 400, number)[0]
    no_noise = seed_noise([sample], number)
    intervals = {"ours": figure(sample, no_noise, 0.05)}
    intervals["plain"] = figure(replace(sample, stretch=1.0), no_noise, 0.05)
    return {name: interval.low <= QUALITY[BETTER] <= interval.high for name, interval in intervals.items()}


def test_bootstrap_covers_with_few_users_and_plain_percentiles_do_not() -> None:
    low, high = band(1000, 0.95)
    counts = held(few_users_hold, 1000)
    assert low <= counts["ours"] <= high, counts
    assert counts["plain"] < low, counts


def test_nothing_is_found_in_nothing_unless_rows_are_taken_for_users() -> None:
    """A/A of three rankers: one ablation in twenty finds something; the wrong method, most of them."""
    worlds = [grid(number, 0.0, 60, seeds=1) for number in range(40)]
    false = sum(bool(found(compared(world, n, QUICK))) for n, world in enumerate(worlds))
    assert false <= band(40, 0.05)[1], false
    wrong = sum(bool(found(compared(unclustered(world), n, QUICK))) for n, world in enumerate(worlds[:20]))
    assert wrong > band(20, 0.05)[1], wrong


def test_planted_gains_are_found() -> None:
    """The better variant of each of three rankers, and nothing else."""
    planted = {(ranker, BETTER, "better") for ranker in RANKERS}
    assert [found(compared(grid(number, 0.1, 200), number, QUICK)) for number in range(5)] == [planted] * 5
