"""DeLong's test for AUC: intervals and paired differences without resampling, for rows clustered by user.

The structural component of a row is the share of rows of the other class it is ranked rightly against, ties
half (DeLong, DeLong & Clarke-Pearson, Biometrics 1988), read off one sort (Sun & Xu, IEEE SPL 2014). AUC is
their mean in either class. Rows of one user are not independent, so deviations from it are summed by user
before they are squared (Obuchowski, Biometrics 1997).

A user who holds a large share h of a class draws AUC towards her own rows, which hides part of her
deviation: it is divided by sqrt(1 - h), and Student's t takes the normal's place, with one degree of freedom
less than there are effective users (Bell & McCaffrey, Survey Methodology 2002). With one row a user the
variance is DeLong's own. With few users, or a few who hold most rows, Obuchowski's intervals are too narrow.

Components are averaged over a cell's seeds: the intervals tell of other users, not of other training runs,
which only :mod:`.bootstrap` takes into account.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from embedding_features.arrays import F32, F64
from embedding_features.config import Config
from ranking.ablation.bootstrap import Difference, Estimate
from ranking.metrics.replicates import ScoredRows, UndefinedMetricError, WeightedAUC, class_sums
from ranking.metrics.statistics import auc_statistic

_ROUNDING = 1e-12  # standard errors below it are zeros that were not added up exactly


class DeLong(Config):
    """AUC of one variant, mean over its seeds; the baseline has no difference."""

    figure: Estimate
    difference: Difference | None = None


@dataclass(frozen=True)
class _Users:
    """What the users' numbers of rows settle: a factor [2, users] on deviations, and Student's t."""

    factor: F64
    freedom: float
    quantile: float


@dataclass(frozen=True)
class _Components:
    """AUC, and what each user's positive and negative rows add to its error: ``by_user`` [2, users]."""

    auc: float
    by_user: F64

    def error(self, users: _Users) -> float:
        """The standard error of AUC."""
        return float(np.linalg.norm((self.by_user * users.factor).sum(axis=0)))


def _users(rows: ScoredRows, ranked: WeightedAUC, alpha: float) -> _Users:
    count = class_sums(rows.label > 0, rows.user, rows.users)
    share = count / count.sum(axis=1, keepdims=True)
    if share.max() == 1:
        raise UndefinedMetricError("all rows of one class are of one user", fix="test on more users")
    freedom = ranked.effective_users - 1
    return _Users((1 - share) ** -0.5, freedom, float(student.isf(alpha / 2, freedom)))


def _of_seed(ranked: WeightedAUC, users: int) -> _Components:
    run = np.repeat(np.arange(ranked.starts.size - 1), np.diff(ranked.starts))
    count = class_sums(ranked.label, run, ranked.starts.size - 1)
    total = count.sum(axis=1)
    positive, negative = (np.cumsum(count, axis=1) - count / 2) / total[:, None]  # share below, ties half
    auc = float(count[0] @ negative / total[0])
    component = np.where(ranked.label, negative[run], 1 - positive[run])
    return _Components(auc, class_sums(ranked.label, ranked.user, users, component - auc) / total[:, None])


def _mean(seeds: list[_Components]) -> _Components:
    return _Components(
        float(np.mean([seed.auc for seed in seeds])), np.mean([seed.by_user for seed in seeds], axis=0)
    )


def _figure(own: _Components, users: _Users) -> Estimate:
    """The interval is symmetric in the logit of AUC: it covers better there, and stays within [0, 1]."""
    error = own.error(users)
    if error < _ROUNDING:
        return Estimate(value=own.auc, low=own.auc, high=own.auc)
    centre, reach = logit(own.auc), users.quantile * error / (own.auc * (1 - own.auc))
    return Estimate(value=own.auc, low=float(expit(centre - reach)), high=float(expit(centre + reach)))


def _difference(own: _Components, base: _Components, users: _Users) -> Difference:
    change = own.auc - base.auc
    error = max(_ROUNDING, _Components(change, own.by_user - base.by_user).error(users))
    return Difference(
        value=change,
        low=max(-1.0, change - users.quantile * error),
        high=min(1.0, change + users.quantile * error),
        p=float(2 * student.sf(abs(change) / error, users.freedom)),
    )


def delong(rows: ScoredRows, variants: Mapping[str, F32], baseline: str, alpha: float) -> dict[str, DeLong]:
    """AUC of every variant and its difference from the baseline's on the same rows.

    Args:
        variants: variant → [seeds, n] scores, the baseline among them.
        alpha: 1 - the coverage of each interval.

    Raises:
        UndefinedMetricError: when all rows are of one class, or those of one class are of one user.
        DataError: for scores that are not finite or not one a row.
    """
    users = _users(rows, auc_statistic(rows, variants[baseline][0]), alpha)
    own = {
        variant: _mean([_of_seed(auc_statistic(rows, score), rows.users) for score in scores])
        for variant, scores in variants.items()
    }
    return {
        variant: DeLong(
            figure=_figure(components, users),
            difference=None if variant == baseline else _difference(components, own[baseline], users),
        )
        for variant, components in own.items()
    }
