"""The metrics of a ranker's scores: AUC, GAUC, log loss, RCE (relative cross entropy) and NDCG@k.

Each is the statistic of :mod:`.statistics` with every user counted once, so that the figure of a report and
the replicates of its interval have one definition.
"""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import AnyArray
from ranking.metrics.replicates import Statistic
from ranking.metrics.statistics import (
    auc_statistic,
    gauc_statistic,
    log_loss_statistic,
    ndcg_statistic,
    rce_statistic,
    rows_of,
)


def _value(statistic: Statistic, users: int) -> float:
    """Return a metric with every user counted once."""
    return float(statistic(np.ones((users, 1)))[0])


def auc(label: AnyArray, score: AnyArray) -> float:
    """Return the area under the ROC curve: the share of (positive, negative) pairs ranked right, ties half.

    It takes O(n log n).

    Args:
        label: [n] 0/1.
        score: [n], higher for the class 1.

    Raises:
        DataError: for bad labels or scores (:func:`rows_of`), or one class only.

    Example:
        >>> auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
        0.75
    """
    return _value(auc_statistic(rows_of(label), np.asarray(score)), 1)


@dataclass(frozen=True)
class GAUC:
    """Holds a GAUC.

    Attributes:
        value: the metric.
        users: users that it is the mean of.
        skipped: users left out, as their rows are of one class.
    """

    value: float
    users: int
    skipped: int


def gauc(label: AnyArray, score: AnyArray, user: AnyArray) -> GAUC:
    """Return group AUC: the mean of the users' AUCs, weighted by their rows.

    Zhou et al., Deep Interest Network, KDD 2018. Users whose rows are of one class have no AUC; they are
    left out, and counted.

    Raises:
        DataError: for bad labels or scores (:func:`rows_of`), or no user with both classes.

    Example:
        >>> label, score = np.array([0, 1, 0, 1, 1]), np.array([0.1, 0.4, 0.9, 0.8, 0.3])
        >>> gauc(label, score, user=np.array([1, 1, 2, 2, 3]))
        GAUC(value=0.5, users=2, skipped=1)
    """
    rows = rows_of(label, user)
    statistic = gauc_statistic(rows, np.asarray(score))
    return GAUC(_value(statistic, rows.users), statistic.users, rows.users - statistic.users)


def log_loss(label: AnyArray, probability: AnyArray) -> float:
    """Return the mean binary cross entropy in nats, with probabilities clipped to [1e-7, 1 - 1e-7].

    Raises:
        DataError: for bad labels or scores (:func:`rows_of`), or scores outside [0, 1].

    Example:
        >>> round(log_loss(np.array([0, 1]), np.array([0.5, 0.5])), 4)
        0.6931
    """
    return _value(log_loss_statistic(rows_of(label), np.asarray(probability)), 1)


def rce(label: AnyArray, probability: AnyArray, base_rate: float) -> float:
    """Return relative cross entropy in percent: 100 (1 - log loss / log loss of a constant ``base_rate``).

    0 is no better than the constant, 100 perfect, below 0 worse than the constant. It is the metric of the
    RecSys Challenge 2020 (Belli et al., arXiv:2004.13715); 1 - RCE/100 is the normalized entropy of He et al.
    (ADKDD 2014). The constant here is the rate in training: the test's own rate would not be known in time.

    Raises:
        DataError: where :func:`log_loss` raises it, or for a base rate not between 0 and 1.
    """
    return _value(rce_statistic(rows_of(label, None, base_rate), np.asarray(probability)), 1)


def ndcg(label: AnyArray, score: AnyArray, user: AnyArray, k: int = 10) -> float:
    """Return NDCG@k of each user's rows, averaged over users with a positive row; discount 1/log2(rank + 1).

    Järvelin & Kekäläinen (TOIS 2002). Ties count in expectation over their random orders (McSherry & Najork,
    ECIR 2008), so that a constant score gains nothing from the order of the rows.

    Raises:
        DataError: for bad labels or scores (:func:`rows_of`), or no user with a positive row.
    """
    rows = rows_of(label, user)
    return _value(ndcg_statistic(k)(rows, np.asarray(score)), rows.users)
