"""Reliability of scores: how far off they are as probabilities."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import DataError
from ranking.metrics.calibration import check_scores


@dataclass(frozen=True)
class Reliability:
    """Holds a reliability curve: bins of rows with similar scores, without empty ones.

    Attributes:
        score: [b] mean score of a bin.
        share: [b] share of ones in it.
        count: [b] rows in it.
        ece: expected calibration error, Σ count / n · |share − score| (Naeini et al., AAAI 2015).
    """

    score: F64
    share: F64
    count: I64
    ece: float


def reliability(label: F32, score: F32, bins: int = 15) -> Reliability:
    """Compare scores with shares of ones in bins of equally many rows; equal scores are in one bin.

    Args:
        label: [n] 0 or 1.
        score: [n] in [0, 1].
        bins: most bins.

    Raises:
        DataError: when a label or a score breaks that rule, there is no row, or less than one bin.
    """
    check_scores(label, score)
    if bins < 1:
        raise DataError(f"{bins} bins", fix="ask for at least one")
    borders = np.quantile(score, np.arange(1, bins) / bins, method="inverted_cdf")
    _, bin_of_row, count = np.unique(
        np.searchsorted(np.unique(borders), score, side="left"), return_inverse=True, return_counts=True
    )
    mean, share = (np.bincount(bin_of_row, values.astype(np.float64)) / count for values in (score, label))
    ece = float(np.abs(mean - share) @ count / len(score))
    return Reliability(mean, share, count.astype(np.int64), ece)
