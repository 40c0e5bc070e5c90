"""Figures of a table of vectors."""

import numpy as np

from embedding_features.arrays import F32, F64


def norm_outliers(norms: F64, deviations: float) -> float:
    """Share of positive norms whose logarithm is more than ``deviations`` robust deviations off."""
    if not len(norms):
        return 0.0
    logs = np.log(norms)
    distance = np.abs(logs - np.median(logs))
    # At least 0.1: where most norms are alike, as of unit vectors, a small difference is no outlier.
    spread = max(1.4826 * float(np.median(distance)), 0.1)
    return float((distance > deviations * spread).mean())


def effective_rank(vectors: F32) -> float:
    """exp of the entropy of the normalized singular values (Roy & Vetterli, EUSIPCO 2007), 0 without any."""
    # The Gram matrix [dim, dim] instead of the SVD of [n, dim]: its eigenvalues are the squares.
    gram = vectors.T.astype(np.float64) @ vectors
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0))
    total = singular.sum()
    if total == 0:
        return 0.0
    share = singular[singular > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))
