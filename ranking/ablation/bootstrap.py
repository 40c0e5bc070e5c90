"""A paired bootstrap over users, seeds included: how far a variant is from the baseline, and how surely.

**Users** are drawn with replacement, with all their rows (rows of one user are not independent), and every
ranker, variant and seed is measured on the same draws, so what users have in common cancels in a difference
(Efron & Tibshirani 1993, ch. 13; Koehn, EMNLP 2004). A replicate is the metric averaged over the seeds.

**Seeds** are a second sample: another training run would give another figure. Each replicate gets a draw
of s sqrt(1/S) t_df, where s² is the variance between seeds, pooled over the variants of a ranker with
df = sum (S - 1), less the part the user draws already show (the seed × user interaction). With one seed a
variant df is 0, and the interval covers other users only.

**Few users**, or a few with most of the rows, make the spread of replicates too small and its own error
large, so that percentile intervals are too narrow (Hesterberg, The American Statistician 2015). Each
replicate's distance from the figure is stretched by sqrt(n / chi²_(n-1)), n the effective number of users,
which makes a normal spread Student's t with n - 1 degrees of freedom.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from statsmodels.stats.multitest import multipletests

from embedding_features.arrays import F64
from ranking.ablation.cells import Difference, Estimate
from ranking.metrics.replicates import Statistic

K = TypeVar("K", bound=Hashable)

#: replicates at a time: their accumulators stay in the first cache of a core
_BLOCK = 256


@dataclass(frozen=True)
class Sample:
    """Holds a metric of one cell and its bootstrap replicates.

    Attributes:
        seeds: [S] the metric of each seed on the test rows.
        replicates: [S, B] the metric of each seed on the users drawn.
        stretch: [B] what makes up for few users (:func:`user_stretch`); the same for metrics of equal rows.
    """

    seeds: F64
    replicates: F64
    stretch: F64 | float = 1.0

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(self.seeds.mean())

    @property
    def spread(self) -> F64:
        """[B] distance of each replicate from the mean over seeds, stretched."""
        distance: F64 = (self.replicates.mean(axis=0) - self.mean) * self.stretch
        return distance


@dataclass(frozen=True)
class SeedNoise:
    """Holds how much a figure could have differed with other seeds.

    Attributes:
        sd: standard deviation of one seed.
        draws: [B] of Student's t, in units of ``sd``.
    """

    sd: float
    draws: F64


def user_draws(users: int, replicates: int, seed: int) -> Iterator[F64]:
    """Yield how often each user is drawn: blocks [users, ≤ 256] whose columns sum to ``users``.

    Args:
        users: number of users.
        replicates: B, the columns of all blocks.
        seed: seed of the draws.
    """
    for start in range(0, replicates, _BLOCK):
        width = min(_BLOCK, replicates - start)
        drawn = np.random.default_rng([seed, start]).integers(0, users, (users, width))
        position = drawn * width + np.arange(width)
        yield np.bincount(position.ravel(), minlength=users * width).reshape(users, width).astype(np.float64)


def user_stretch(users: float, replicates: int, seed: int) -> F64:
    """Return what makes up for few users, [B] draws of sqrt(n / chi²_(n-1)) for n effective ``users``."""
    rng = np.random.default_rng([seed, replicates, 1])
    factor: F64 = np.sqrt(users / rng.chisquare(max(users - 1, 1.0), replicates))
    return factor


def bootstrap(
    statistics: Mapping[K, Sequence[Statistic]], users: int, replicates: int, seed: int
) -> dict[K, Sample]:
    """Evaluate every cell's statistics, one a seed, on the same draws of ``users``.

    Example:
        >>> from ranking.metrics.statistics import auc_statistic, rows_of
        >>> rows = rows_of(np.tile([0, 1], 20), np.repeat(np.arange(20), 2))  # labels and users of 40 rows
        >>> noise = np.random.default_rng(0).normal(size=40)
        >>> scores = {"baseline": noise, "variant": noise + rows.label}
        >>> cells = {name: [auc_statistic(rows, score)] for name, score in scores.items()}  # one seed each
        >>> samples = bootstrap(cells, users=rows.users, replicates=200, seed=0)
        >>> samples["variant"].replicates.shape  # seeds, replicates
        (1, 200)
        >>> seeds = seed_noise(samples.values(), seed=0)
        >>> difference(samples["variant"], samples["baseline"], seeds, alpha=0.05).low > 0
        True
    """
    once = np.ones((users, 1))
    seeds = {key: np.array([statistic(once)[0] for statistic in cell]) for key, cell in statistics.items()}
    blocks: dict[K, list[F64]] = {key: [] for key in statistics}
    for weights in user_draws(users, replicates, seed):
        for key, cell in statistics.items():
            blocks[key].append(np.stack([statistic(weights) for statistic in cell]))
    samples = {}
    for key, cell in statistics.items():
        stretch = user_stretch(cell[0].effective_users, replicates, seed)
        samples[key] = Sample(seeds[key], np.concatenate(blocks[key], axis=1), stretch)
    return samples


def seed_noise(samples: Collection[Sample], seed: int) -> SeedNoise:
    """Return the noise of seeds, pooled over the cells of one ranker and metric.

    Args:
        samples: the cells.
        seed: seed of the draws of Student's t.
    """
    between, interaction, freedom = 0.0, 0.0, 0
    for sample in samples:
        deviation = sample.replicates - sample.replicates.mean(axis=0)
        between += float(np.square(sample.seeds - sample.mean).sum())
        interaction += float(np.nansum(np.nanvar(deviation, axis=1)))
        freedom += sample.seeds.size - 1
    replicates = next(iter(samples)).replicates.shape[1]
    if freedom == 0:
        return SeedNoise(0.0, np.zeros(replicates))
    variance = max(0.0, (between - interaction) / freedom)
    draws: F64 = np.random.default_rng([seed, freedom]).standard_t(freedom, size=(replicates,))
    return SeedNoise(variance**0.5, draws)


def _interval(replicates: F64, alpha: float) -> tuple[float, float]:
    low, high = np.nanquantile(replicates, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def figure(sample: Sample, noise: SeedNoise, alpha: float) -> Estimate:
    """Return the mean over seeds and its percentile interval at 1 - alpha."""
    replicates = sample.mean + sample.spread + noise.sd * sample.seeds.size**-0.5 * noise.draws
    low, high = _interval(replicates, alpha)
    return Estimate(value=sample.mean, low=low, high=high)


def difference(variant: Sample, baseline: Sample, noise: SeedNoise, alpha: float) -> Difference:
    """Return variant minus baseline, with its percentile interval at 1 - alpha and its p-value.

    p is twice the smaller share of replicates at or beyond 0, each side counting one more than seen (B
    replicates cannot give a p below 2 / (B + 1)). A replicate without a value counts on both sides.
    """
    value = variant.mean - baseline.mean
    seeds = noise.sd * (1 / variant.seeds.size + 1 / baseline.seeds.size) ** 0.5 * noise.draws
    replicates = value + variant.spread - baseline.spread + seeds
    beyond = min(np.count_nonzero(~(replicates > 0)), np.count_nonzero(~(replicates < 0)))
    p = min(1.0, 2 * (1 + beyond) / (1 + replicates.size))
    low, high = _interval(replicates, alpha)
    return Difference(value=value, low=low, high=high, p=p)


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for being tested together (Holm, 1979): family-wise error stays at alpha.

    Example:
        >>> holm([0.01, 0.04, 0.5])
        [0.03, 0.08, 0.5]
    """
    return [float(value) for value in multipletests(list(p), method="holm")[1]] if p else []
