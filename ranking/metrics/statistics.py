"""The statistic of each metric, made of rows and one seed's scores; :mod:`.metrics` explains the metrics.

No metric has a value for scores with NaN, for no rows, or without the classes it compares: those are errors
(:class:`DataError`, :class:`.UndefinedMetricError`), never a silent 0 or .5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray, Bool
from embedding_features.errors import DataError
from ranking.metrics.kernels import run_starts, user_auc, user_ndcg
from ranking.metrics.replicates import ScoredRows, Statistic, UndefinedMetricError, UserRatio, WeightedAUC

#: probabilities are clipped to [CLIP, 1 - CLIP] before a logarithm: float32 cannot tell more from 0 or 1
CLIP = 1e-7


@dataclass(frozen=True)
class Metric:
    """Describes a metric to those who compute it and those who print it.

    Attributes:
        title: its name in reports.
        higher_is_better: its direction.
        digits: digits after the point in reports.
        statistic: prepares the metric of rows and scores [n].
    """

    title: str
    higher_is_better: bool
    digits: int
    statistic: Callable[[ScoredRows, F32], Statistic]


def rows_of(label: AnyArray, user: AnyArray | None = None, base_rate: float = 0.5) -> ScoredRows:
    """Return checked test rows, with user codes from 0 in the sorted order of the users' keys.

    Args:
        label: [n] 0 or 1.
        user: [n] any keys of users; None for one user.
        base_rate: mean label of the training rows, which :func:`rce_statistic` needs.

    Raises:
        DataError: for no rows, a label not 0 or 1, users of another length, a base rate not in (0, 1).
    """
    label = np.asarray(label, np.float32)
    if label.ndim != 1 or label.size == 0:
        raise DataError(f"labels of shape {label.shape}", fix="give at least one row, in one dimension")
    bad = label[~np.isin(label, (0.0, 1.0))]
    if bad.size:
        raise DataError(f"{bad.size} labels are not 0 or 1, the first {bad[0]}", fix="make labels 0 or 1")
    if not 0.0 < base_rate < 1.0:
        raise DataError(f"base rate {base_rate}", fix="give the mean train label, above 0 and below 1")
    keys = np.zeros(label.size, np.int64) if user is None else np.asarray(user)
    if keys.shape != label.shape:
        raise DataError(f"{keys.shape} users for {label.shape} labels", fix="give one user a row")
    unique, codes = np.unique(keys, return_inverse=True)
    return ScoredRows(label, codes.astype(np.int64), unique.size, base_rate)


def _checked(rows: ScoredRows, score: AnyArray) -> F32:
    """Return the scores as float32, one a row and finite."""
    score = np.asarray(score, np.float32)
    if score.shape != rows.label.shape:
        raise DataError(f"{score.shape} scores for {rows.label.shape} labels", fix="give one score a row")
    broken = int(np.count_nonzero(~np.isfinite(score)))
    if broken:
        raise DataError(f"{broken} of {score.size} scores are NaN or infinite", fix="mend the model's output")
    return score


def _by_user(rows: ScoredRows, score: F32) -> tuple[Bool, I64, F32, I64]:
    """Return labels, bounds of users and scores by (user, ascending score), and each user's code."""
    order = np.lexsort((score, rows.user))
    user = rows.user[order]
    starts = run_starts(user)
    return rows.label[order] > 0, starts, score[order], user[starts[:-1]]


def _mean_over_users(rows: ScoredRows, users: I64, value: F64, weight: F64, needs: str) -> UserRatio:
    """Return the weighted mean of values of users; those whose value is NaN do not count."""
    counted = ~np.isnan(value)
    if not counted.any():
        raise UndefinedMetricError(f"none of {users.size} users has {needs}", fix="test on more rows a user")
    numerator, denominator = np.zeros(rows.users), np.zeros(rows.users)
    numerator[users[counted]] = (value * weight)[counted]
    denominator[users[counted]] = weight[counted]
    return UserRatio(numerator, denominator)


def auc_statistic(rows: ScoredRows, score: F32) -> WeightedAUC:
    """Prepare AUC (:func:`.auc`), which needs rows of both classes."""
    score = _checked(rows, score)
    positives = int(rows.label.sum())
    if positives in (0, score.size):
        raise UndefinedMetricError(
            f"AUC of {score.size} rows of which {positives} are positive", fix="give rows of both classes"
        )
    order = np.argsort(score, kind="stable")
    return WeightedAUC(rows.label[order] > 0, rows.user[order], run_starts(score[order]))


def gauc_statistic(rows: ScoredRows, score: F32) -> UserRatio:
    """Prepare GAUC (:func:`.gauc`), which needs a user with rows of both classes."""
    label, starts, score, users = _by_user(rows, _checked(rows, score))
    weight = np.diff(starts).astype(np.float64)
    return _mean_over_users(rows, users, user_auc(label, starts, score), weight, "rows of both classes")


def ndcg_statistic(k: int) -> Callable[[ScoredRows, F32], UserRatio]:
    """Return the function that prepares NDCG@k (:func:`.ndcg`), which needs a user with a positive row."""

    def statistic(rows: ScoredRows, score: F32) -> UserRatio:
        label, starts, score, users = _by_user(rows, _checked(rows, score))
        value = user_ndcg(label, starts, score, k)
        return _mean_over_users(rows, users, value, np.ones(users.size), "a positive row")

    return statistic


def _losses(rows: ScoredRows, probability: F32) -> F64:
    """Return the log loss [n] of each row."""
    p = _checked(rows, probability).astype(np.float64)
    if p.min() < 0.0 or p.max() > 1.0:
        raise DataError(
            f"scores from {p.min():.4g} to {p.max():.4g} are no probabilities", fix="apply the sigmoid first"
        )
    p = np.clip(p, CLIP, 1.0 - CLIP)
    return -np.log(np.where(rows.label > 0, p, 1.0 - p))


def _user_sums(rows: ScoredRows, value: F64) -> F64:
    """Return the sum [users] of a value over each user's rows."""
    return np.bincount(rows.user, weights=value, minlength=rows.users).astype(np.float64, copy=False)


def log_loss_statistic(rows: ScoredRows, probability: F32) -> UserRatio:
    """Prepare log loss (:func:`.log_loss`), which needs scores in [0, 1]."""
    return UserRatio(_user_sums(rows, _losses(rows, probability)), _user_sums(rows, np.ones(rows.label.size)))


def rce_statistic(rows: ScoredRows, probability: F32) -> UserRatio:
    """Prepare relative cross entropy (:func:`.rce`), which needs scores in [0, 1] and the rows' base rate."""
    constant = -np.log(np.where(rows.label > 0, rows.base_rate, 1.0 - rows.base_rate))
    saved = constant - _losses(rows, probability)
    return UserRatio(100.0 * _user_sums(rows, saved), _user_sums(rows, constant))


#: the metrics by the names that configurations give them
METRICS = MappingProxyType(
    {
        "auc": Metric("AUC", True, 4, auc_statistic),
        "gauc": Metric("GAUC", True, 4, gauc_statistic),
        "log_loss": Metric("log loss", False, 4, log_loss_statistic),
        "rce": Metric("RCE", True, 2, rce_statistic),
        "ndcg@10": Metric("NDCG@10", True, 4, ndcg_statistic(10)),
    }
)
