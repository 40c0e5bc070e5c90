"""Calibration: scores turned into the shares of ones they stand for, and how far off they were."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pydantic import model_validator
from scipy.optimize import isotonic_regression

from embedding_features.arrays import F32, F64, I64
from embedding_features.config import Config
from embedding_features.errors import DataError


class Calibration(Config):
    """A nondecreasing, piecewise linear map of scores: ``knots`` are (score, probability), ascending.

    Between two knots it interpolates; beyond the first and the last it stays at theirs.
    """

    knots: tuple[tuple[float, float], ...]

    @model_validator(mode="after")
    def _ascending(self) -> "Calibration":
        if not self.knots:
            raise ValueError("a calibration has at least one knot")
        for (x, y), (after, above) in pairwise(self.knots):
            if not (x < after and y <= above):
                raise ValueError(f"knots ({x}, {y}) and ({after}, {above}) do not ascend")
        if not all(0 <= p <= 1 for knot in self.knots for p in knot):
            raise ValueError("knots are probabilities, in [0, 1]")
        return self

    def apply(self, score: F32) -> F32:
        """[n] calibrated probabilities of [n] scores."""
        x, y = np.array(self.knots, np.float64).T
        calibrated: F32 = np.interp(score, x, y).astype(np.float32)
        return calibrated


def fit_isotonic(label: F32, score: F32) -> Calibration:
    """Isotonic regression of labels on scores by pooling adjacent violators (Zadrozny & Elkan, KDD 2002).

    Fit it on validation rows: on training rows a ranker is surer than it may be, and test rows are for
    judging. Equal scores are one point of their mean label. No probability is nearer to 0 or 1 than
    1 / (n + 2): that none of n rows was a one makes nothing certain, and a miss would cost an infinite loss.

    Args:
        label: [n] 0 or 1.
        score: [n] in [0, 1].

    Raises:
        DataError: when a label or a score breaks that rule, there is no row, or the labels are all alike.

    Example:
        >>> label, score = np.array([0, 0, 1, 1], np.float32), np.array([0.2, 0.4, 0.6, 0.8], np.float32)
        >>> calibration = fit_isotonic(label, score)
        >>> calibration.apply(np.array([0.1, 0.9], np.float32))
        array([0.16666667, 0.8333333 ], dtype=float32)
    """
    _check(label, score)
    if label.min() == label.max():
        raise DataError(
            f"all {len(label)} labels to calibrate on are {label[0]:g}",
            fix="calibrate on rows of both classes",
        )
    x, place, count = np.unique(score.astype(np.float64), return_inverse=True, return_counts=True)
    mean = np.bincount(place, label, len(x)) / count
    least = 1 / (len(label) + 2)
    y: F64 = np.clip(isotonic_regression(mean, weights=count).x, least, 1 - least)
    # a run of equal values is told by its ends
    ends = np.ones(len(x), bool)
    ends[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    return Calibration(knots=tuple(zip(x[ends].tolist(), y[ends].tolist(), strict=True)))


@dataclass(frozen=True)
class Reliability:
    """A reliability curve: bins of rows of alike scores, empty ones left out.

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
    """Compare scores with shares of ones in bins of as many rows each; equal scores are in one bin.

    Args:
        label: [n] 0 or 1.
        score: [n] in [0, 1].

    Raises:
        DataError: as :func:`fit_isotonic`, and for less than one bin.
    """
    _check(label, score)
    if bins < 1:
        raise DataError(f"{bins} bins", fix="ask for at least one")
    borders = np.quantile(score, np.arange(1, bins) / bins, method="inverted_cdf")
    _, place, count = np.unique(
        np.searchsorted(np.unique(borders), score, side="left"), return_inverse=True, return_counts=True
    )
    mean, share = (np.bincount(place, values.astype(np.float64)) / count for values in (score, label))
    ece = float(np.abs(mean - share) @ count / len(score))
    return Reliability(mean, share, count.astype(np.int64), ece)


def _check(label: F32, score: F32) -> None:
    if label.shape != score.shape or label.ndim != 1 or not len(label):
        raise DataError(f"labels of shape {label.shape} beside scores of shape {score.shape}")
    if not np.isin(label, (0, 1)).all():
        raise DataError(f"labels such as {label[~np.isin(label, (0, 1))][0]:g}", fix="labels are 0 or 1")
    if not (np.isfinite(score) & (score >= 0) & (score <= 1)).all():
        raise DataError(
            f"scores from {score.min():g} to {score.max():g}", fix="calibrate probabilities, in [0, 1]"
        )
