"""DeLong's test for AUC: intervals and paired differences without resampling, for rows clustered by user.

The structural component of a row is the share of rows of the other class it is ranked rightly against, ties
half (DeLong, DeLong & Clarke-Pearson, Biometrics 1988), read off one sort (Sun & Xu, IEEE SPL 2014). AUC is
their mean in either class. Rows of one user are not independent, so deviations from it are summed by user
before they are squared (Obuchowski, Biometrics 1997).

A user who holds a large share h of a class draws AUC towards her own rows, which hides part of her
deviation: it is divided by sqrt(1 - h), and Student's t takes the normal's place, with one degree of freedom
less than there are effective users (Bell & McCaffrey, Survey Methodology 2002). With one row a user the
variance is DeLong's own. With few users, or a few who hold most rows, Obuchowski's intervals are too narrow.

Components are averaged over a cell's seeds: the intervals cover other users, and not other training runs,
which only :mod:`.bootstrap` takes into account.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from embedding_features.arrays import F32, F64
from embedding_features.config import Config
from ranking.ablation.cells import Difference, Estimate
from ranking.metrics.replicates import ScoredRows, UndefinedMetricError, WeightedAUC, class_sums
from ranking.metrics.statistics import auc_statistic

#: standard errors below it are zeros that were not added up exactly
_ROUNDING = 1e-12


class DeLong(Config):
    """Holds AUC of one variant by DeLong's test.

    Attributes:
        figure: mean over the seeds, with its interval.
        difference: variant minus baseline; None for the baseline.
    """

    figure: Estimate
    difference: Difference | None = None


@dataclass(frozen=True)
class _Correction:
    """Holds the small-sample corrections, which depend on the users' numbers of rows only.

    Attributes:
        factor: [2, users] factor on the deviations of each user's positive and negative rows.
        freedom: degrees of freedom of Student's t.
        quantile: the two-sided quantile of Student's t at alpha.
    """

    factor: F64
    freedom: float
    quantile: float


@dataclass(frozen=True)
class _Components:
    """Holds AUC and the structural components, summed by user.

    Attributes:
        auc: the figure.
        by_user: [2, users] deviation that each user's positive and negative rows add to AUC.
    """

    auc: float
    by_user: F64

    def standard_error(self, correction: _Correction) -> float:
        """Return the standard error of AUC."""
        return float(np.linalg.norm((self.by_user * correction.factor).sum(axis=0)))


def _correction(rows: ScoredRows, ranked: WeightedAUC, alpha: float) -> _Correction:
    count = class_sums(rows.label > 0, rows.user, rows.users)
    share = count / count.sum(axis=1, keepdims=True)
    if share.max() == 1:
        raise UndefinedMetricError("all rows of one class are of one user", fix="test on more users")
    freedom = ranked.effective_users - 1
    return _Correction((1 - share) ** -0.5, freedom, float(student.isf(alpha / 2, freedom)))


def _components(ranked: WeightedAUC, users: int) -> _Components:
    """Return the components of one seed's scores."""
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


def _figure(own: _Components, correction: _Correction) -> Estimate:
    """Return AUC with an interval symmetric in its logit: it covers better there, and stays within [0, 1]."""
    error = own.standard_error(correction)
    if error < _ROUNDING:
        return Estimate(value=own.auc, low=own.auc, high=own.auc)
    centre, half_width = logit(own.auc), correction.quantile * error / (own.auc * (1 - own.auc))
    low, high = float(expit(centre - half_width)), float(expit(centre + half_width))
    return Estimate(value=own.auc, low=low, high=high)


def _difference(own: _Components, baseline: _Components, correction: _Correction) -> Difference:
    change = own.auc - baseline.auc
    paired = _Components(change, own.by_user - baseline.by_user)
    error = max(_ROUNDING, paired.standard_error(correction))
    return Difference(
        value=change,
        low=max(-1.0, change - correction.quantile * error),
        high=min(1.0, change + correction.quantile * error),
        p=float(2 * student.sf(abs(change) / error, correction.freedom)),
    )


def delong(rows: ScoredRows, variants: Mapping[str, F32], baseline: str, alpha: float) -> dict[str, DeLong]:
    """Return AUC of every variant and its difference from the baseline's on the same rows.

    Args:
        rows: the rows.
        variants: variant → [seeds, n] scores, the baseline among them.
        baseline: name of the baseline.
        alpha: 1 - the coverage of each interval.

    Raises:
        UndefinedMetricError: when all rows are of one class, or those of one class are of one user.
        DataError: for scores that are not finite or not one a row.
    """
    correction = _correction(rows, auc_statistic(rows, variants[baseline][0]), alpha)
    by_variant = {
        variant: _mean([_components(auc_statistic(rows, score), rows.users) for score in scores])
        for variant, scores in variants.items()
    }
    return {
        variant: DeLong(
            figure=_figure(own, correction),
            difference=None if variant == baseline else _difference(own, by_variant[baseline], correction),
        )
        for variant, own in by_variant.items()
    }
