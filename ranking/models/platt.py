"""Scores of any scale as probabilities."""

import numpy as np

from embedding_features.arrays import F32, F64

#: Newton's steps end below this change of the coefficients
PRECISION = 1e-8


def platt(scores: F64, label: F32) -> tuple[float, float]:
    """a, b of σ(a s + b), fitted by maximum likelihood (Platt, Probabilistic Outputs for Support Vector
    Machines, 1999), its targets drawn in as there, so that separable scores have a finite fit.
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
