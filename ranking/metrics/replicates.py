"""Metrics as functions of how often each user is counted, which a bootstrap over users evaluates.

A statistic is prepared once from rows and scores; called with ``weights`` [users, B] it returns the metric
[B] of B data sets in which user u occurs ``weights[u, b]`` times. Weights of one give the metric itself.
Metrics that are ratios of sums over users cost one matrix product; AUC goes through its one sort with all B
replicates at once.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.errors import DataError
from ranking.metrics.kernels import auc_replicates


class UndefinedMetricError(DataError):
    """Raised when a metric has no value on some rows: no user, or no row, has the classes it needs."""


@dataclass(frozen=True)
class ScoredRows:
    """Holds test rows that metrics are computed on.

    Attributes:
        label: [n] 0 or 1.
        user: [n] codes below ``users``.
        users: number of users.
        base_rate: mean label of the training rows.
    """

    label: F32
    user: I64
    users: int
    base_rate: float

    def where(self, mask: Bool) -> "ScoredRows":
        """Return the rows of a slice; user codes keep their meaning, and so do weights of users."""
        return ScoredRows(self.label[mask], self.user[mask], self.users, self.base_rate)


def kish(weight: F64) -> float:
    """Return the effective number of unequal weights, (Σ w)² / Σ w² (Kish, Survey Sampling, 1965, 11.7)."""
    return float(weight.sum() ** 2 / (weight @ weight))


class Statistic(Protocol):
    """A metric of prepared rows and scores, as a function of the users' weights."""

    @property
    def users(self) -> int:
        """Number of users that the metric rests on."""
        ...

    @property
    def effective_users(self) -> float:
        """Number of equal users that would inform as much; fewer where a few hold most rows."""
        ...

    def __call__(self, weights: F64) -> F64:
        """Return the metric [B] of replicates in which user u occurs ``weights[u, b]`` times."""
        ...


@dataclass(frozen=True)
class UserRatio:
    """A metric that is a ratio of sums over users: Σ_u w_u numerator_u / Σ_u w_u denominator_u.

    It is NaN for a replicate in which no user counts.

    Attributes:
        numerator, denominator: [users].
    """

    numerator: F64
    denominator: F64

    @property
    def users(self) -> int:
        """Number of users with a denominator."""
        return int(np.count_nonzero(self.denominator))

    @property
    def effective_users(self) -> float:
        """Effective number of users, weighted by their denominators."""
        return kish(self.denominator)

    def __call__(self, weights: F64) -> F64:
        """Return the metric [B] of replicates in which user u occurs ``weights[u, b]`` times."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio: F64 = (self.numerator @ weights) / (self.denominator @ weights)
        return ratio


def class_sums(label: Bool, group: I64, groups: int, value: F64 | None = None) -> F64:
    """Return the sums [2, groups] of ``value`` over each group's positive and negative rows.

    Args:
        label: [n] whether a row is positive.
        group: [n] codes below ``groups``.
        groups: number of groups.
        value: [n]; None counts rows.
    """
    cell = np.where(label, group, groups + group)
    return np.bincount(cell, value, 2 * groups).astype(np.float64, copy=False).reshape(2, groups)


@dataclass(frozen=True)
class WeightedAUC:
    """AUC over all pairs of rows, which are sorted once. A pair of users u, v counts ``w_u w_v`` times.

    Attributes:
        label: [n] whether a row is positive, by ascending score.
        user: [n] user code of each row, likewise.
        starts: [runs + 1] bounds of runs of equal scores.
    """

    label: Bool
    user: I64
    starts: I64

    @property
    def users(self) -> int:
        """Number of users with a row."""
        return int(np.unique(self.user).size)

    @property
    def effective_users(self) -> float:
        """Effective number of users.

        A user weighs as her rows add to the variance, to which a row of the rarer class adds more.
        """
        rows = class_sums(self.label, self.user, int(self.user.max()) + 1)
        return kish((rows / np.square(rows.sum(axis=1, keepdims=True))).sum(axis=0))

    def __call__(self, weights: F64) -> F64:
        """Return AUC [B] of replicates in which user u occurs ``weights[u, b]`` times."""
        replicates: F64 = auc_replicates(self.label, self.user, self.starts, np.ascontiguousarray(weights))
        return replicates
