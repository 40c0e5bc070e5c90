"""Calibration of scores into probabilities, by isotonic regression or Platt's sigmoid."""

from itertools import pairwise

import numpy as np
from pydantic import model_validator
from scipy.optimize import isotonic_regression

from embedding_features.arrays import F32, F64
from embedding_features.config import Config
from embedding_features.errors import DataError

#: Newton's steps end below this change of the coefficients
PRECISION = 1e-8


class Calibration(Config):
    """Maps scores to probabilities by a nondecreasing, piecewise linear function.

    Attributes:
        knots: (score, probability), ascending. Between two knots the map interpolates; beyond the first and
            the last it stays at theirs.
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
        """Return the [n] calibrated probabilities of [n] scores."""
        x, y = np.array(self.knots, np.float64).T
        calibrated: F32 = np.interp(score, x, y).astype(np.float32)
        return calibrated


def fit_isotonic(label: F32, score: F32) -> Calibration:
    """Return the isotonic regression of labels on scores (Zadrozny & Elkan, KDD 2002).

    Adjacent violators are pooled. Fit it on validation rows: on training rows a ranker is too confident, and
    test rows are for judging. Equal scores are one point of their mean label. No probability is nearer to 0
    or 1 than 1 / (n + 2): that none of n rows was a one makes nothing certain, and a miss would cost an
    infinite loss.

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
    check_scores(label, score)
    if label.min() == label.max():
        raise DataError(
            f"all {len(label)} labels to calibrate on are {label[0]:g}",
            fix="calibrate on rows of both classes",
        )
    x, point, count = np.unique(score.astype(np.float64), return_inverse=True, return_counts=True)
    mean = np.bincount(point, label, len(x)) / count
    least = 1 / (len(label) + 2)
    y: F64 = np.clip(isotonic_regression(mean, weights=count).x, least, 1 - least)
    # the ends of a run of equal values are knots enough
    ends = np.ones(len(x), bool)
    ends[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    return Calibration(knots=tuple(zip(x[ends].tolist(), y[ends].tolist(), strict=True)))


def platt(scores: F64, label: F32) -> tuple[float, float]:
    """Return a and b of the sigmoid σ(a s + b) that maps scores to probabilities, by maximum likelihood.

    Platt, Probabilistic Outputs for Support Vector Machines, 1999. As there, targets are smoothed, so that
    separable scores have a finite fit.

    Args:
        scores: [n] of any scale, such as lambdarank's.
        label: [n] 0 or 1.
    """
    positive = float((label > 0.5).sum())
    high, low = (positive + 1) / (positive + 2), 1 / (len(label) - positive + 2)
    target = np.where(label > 0.5, high, low)
    spread = float(scores.std()) or 1.0
    design = np.stack([scores / spread, np.ones(len(scores))], axis=1)
    weights = np.array([0.0, np.log((positive + 1) / (len(label) - positive + 1))])
    for _ in range(100):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (p - target))
        step /= max(1.0, float(np.abs(step).max()) / 2)  # a damped step keeps far starts stable
        weights = weights - step
        if np.abs(step).max() < PRECISION:
            break
    return float(weights[0]) / spread, float(weights[1])


def check_scores(label: F32, score: F32) -> None:
    """Check that labels are 0 or 1 and scores in [0, 1], one of each a row.

    Raises:
        DataError: when they are not, or there is no row.
    """
    if label.shape != score.shape or label.ndim != 1 or not len(label):
        raise DataError(f"labels of shape {label.shape} beside scores of shape {score.shape}")
    if not np.isin(label, (0, 1)).all():
        raise DataError(f"labels such as {label[~np.isin(label, (0, 1))][0]:g}", fix="labels are 0 or 1")
    if not (np.isfinite(score) & (score >= 0) & (score <= 1)).all():
        raise DataError(
            f"scores from {score.min():g} to {score.max():g}", fix="calibrate probabilities, in [0, 1]"
        )
