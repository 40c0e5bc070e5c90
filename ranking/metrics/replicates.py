"""Metrics as functions of how often each user is counted: what a bootstrap over users needs.

A statistic is prepared once from rows and scores; called with ``weights`` [users, B] it returns the metric
[B] of B data sets in which user u occurs ``weights[u, b]`` times. Weights of one give the metric itself.
Metrics that are ratios of sums over users cost one product; AUC walks its one sort with all B replicates
abreast.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray, Bool
from embedding_features.errors import DataError
from embedding_features.jit import jit


class UndefinedMetricError(DataError):
    """The metric has no value on these rows: no user, or no row, with the classes it needs."""


@dataclass(frozen=True)
class ScoredRows:
    """Test rows: ``label`` [n] 0/1, ``user`` [n] codes below ``users``, ``base_rate`` mean train label."""

    label: F32
    user: I64
    users: int
    base_rate: float

    def where(self, mask: Bool) -> "ScoredRows":
        """The rows of a slice; user codes keep their meaning, so weights do too."""
        return ScoredRows(self.label[mask], self.user[mask], self.users, self.base_rate)


def kish(weight: F64) -> float:
    """The effective number of unequal parts, (sum w)² / sum w² (Kish, Survey Sampling, 1965, ch. 11.7)."""
    return float(weight.sum() ** 2 / (weight @ weight))


class Statistic(Protocol):
    """A metric of prepared rows and scores.

    Attributes:
        users: how many users it rests on.
        effective_users: how many equal users would tell as much; fewer where a few hold most rows.
    """

    @property
    def users(self) -> int: ...

    @property
    def effective_users(self) -> float: ...

    def __call__(self, weights: F64) -> F64: ...


@dataclass(frozen=True)
class UserRatio:
    """sum_u w_u numerator_u / sum_u w_u denominator_u; NaN for a replicate without any counted user."""

    numerator: F64  # [users]
    denominator: F64  # [users]

    @property
    def users(self) -> int:
        return int(np.count_nonzero(self.denominator))

    @property
    def effective_users(self) -> float:
        return kish(self.denominator)

    def __call__(self, weights: F64) -> F64:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio: F64 = (self.numerator @ weights) / (self.denominator @ weights)
        return ratio


@jit()
def _auc_replicates(label: Bool, user: I64, starts: I64, weights: F64) -> F64:
    """Wins of positives over negatives / pairs; rows ascend by score, ``starts`` bounds runs of ties."""
    width = weights.shape[1]
    wins, positives, below = np.zeros(width), np.zeros(width), np.zeros(width)
    tied_positives, tied_negatives = np.zeros(width), np.zeros(width)
    for run in range(starts.size - 1):
        first, end = starts[run], starts[run + 1]
        if end - first == 1:  # the common case needs no tie bookkeeping
            row = weights[user[first]]
            if label[first]:
                for b in range(width):
                    wins[b] += row[b] * below[b]
                    positives[b] += row[b]
            else:
                for b in range(width):
                    below[b] += row[b]
            continue
        tied_positives[:] = 0.0
        tied_negatives[:] = 0.0
        for i in range(first, end):
            row = weights[user[i]]
            side = tied_positives if label[i] else tied_negatives
            for b in range(width):
                side[b] += row[b]
        for b in range(width):
            wins[b] += tied_positives[b] * (below[b] + 0.5 * tied_negatives[b])
            positives[b] += tied_positives[b]
            below[b] += tied_negatives[b]
    return wins / (positives * below)


def class_sums(label: Bool, group: I64, groups: int, value: F64 | None = None) -> F64:
    """Sums of ``value`` (one a row where None) over each group's positive and negative rows, [2, groups]."""
    cell = np.where(label, group, groups + group)
    return np.bincount(cell, value, 2 * groups).astype(np.float64, copy=False).reshape(2, groups)


@dataclass(frozen=True)
class WeightedAUC:
    """AUC over all pairs of rows, sorted once. A pair of users u, v counts ``w_u w_v`` times."""

    label: Bool  # [n] by ascending score
    user: I64  # [n] likewise
    starts: I64  # [runs + 1] bounds of runs of equal scores

    @property
    def users(self) -> int:
        return int(np.unique(self.user).size)

    @property
    def effective_users(self) -> float:
        """A user weighs as her rows add to the variance: a row of the rarer class adds more."""
        rows = class_sums(self.label, self.user, int(self.user.max()) + 1)
        return kish((rows / np.square(rows.sum(axis=1, keepdims=True))).sum(axis=0))

    def __call__(self, weights: F64) -> F64:
        replicates: F64 = _auc_replicates(self.label, self.user, self.starts, np.ascontiguousarray(weights))
        return replicates


def run_starts(*keys: AnyArray) -> I64:
    """Bounds [runs + 1] of runs of rows equal in every key."""
    change = np.zeros(keys[0].size, bool)
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    return np.concatenate(([0], np.flatnonzero(change), [keys[0].size])).astype(np.int64)


@jit()
def user_auc(label: Bool, starts: I64, score: F32) -> F64:
    """AUC [runs] of each user, ties half; NaN with one class. Rows by (user, ascending score)."""
    result = np.full(starts.size - 1, np.nan)
    for u in range(starts.size - 1):
        wins, positives, below, i = 0.0, 0.0, 0.0, starts[u]
        while i < starts[u + 1]:
            tied_positives, tied_negatives, value = 0.0, 0.0, score[i]
            while i < starts[u + 1] and score[i] == value:
                if label[i]:
                    tied_positives += 1.0
                else:
                    tied_negatives += 1.0
                i += 1
            wins += tied_positives * (below + 0.5 * tied_negatives)
            positives += tied_positives
            below += tied_negatives
        if positives > 0 and below > 0:
            result[u] = wins / (positives * below)
    return result


@jit()
def user_ndcg(label: Bool, starts: I64, score: F32, k: int) -> F64:
    """Expected NDCG@k [runs] of each user over random orders of ties; NaN without a positive.

    Rows by (user, ascending score), so each user is read from the end. A run of g equal scores of which p are
    positive puts p/g of a gain on each of its positions (McSherry & Najork, ECIR 2008).
    """
    result = np.full(starts.size - 1, np.nan)
    for u in range(starts.size - 1):
        first, i, rank, gain, positives = starts[u], starts[u + 1] - 1, 0, 0.0, 0
        while i >= first:
            size, tied_positives, value = 0, 0, score[i]
            while i >= first and score[i] == value:
                size += 1
                tied_positives += 1 if label[i] else 0
                i -= 1
            for position in range(rank, min(rank + size, k)):
                gain += tied_positives / size / np.log2(position + 2.0)
            rank += size
            positives += tied_positives
        if positives > 0:
            ideal = 0.0
            for position in range(min(positives, k)):
                ideal += 1.0 / np.log2(position + 2.0)
            result[u] = gain / ideal
    return result
