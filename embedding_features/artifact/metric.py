"""How two vectors are compared."""

from typing import Literal

import numpy as np

from embedding_features.arrays import F32

#: how the vectors of two nodes become a score: dot product, cosine, or minus the squared distance
Metric = Literal["dot", "cosine", "l2"]


def served_metric(metric: str) -> Metric:
    """Return the metric by which vectors are searched: of other distances than these, the Euclidean one.

    By Σ|q − t| or by the moduli of complex coordinates no index searches; near by them is near by it.
    """
    if metric == "dot":
        return "dot"
    return "cosine" if metric == "cosine" else "l2"


def as_compared(vectors: F32, metric: Metric) -> F32:
    """Return the vectors as the metric sees them: under cosine of length 1, zero vectors left as they are.

    Args:
        vectors: [n, dim] float32.
        metric: how they are going to be compared.

    Returns:
        [n, dim] float32, contiguous.
    """
    if metric == "cosine":
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = np.divide(vectors, norms, out=np.zeros(vectors.shape, np.float32), where=norms > 0)
    return np.ascontiguousarray(vectors)


def row_scores(left: F32, right: F32, metric: Metric) -> F32:
    """Return the [n] scores of each row of ``left`` with the same row of ``right``, the higher the nearer.

    Args:
        left: [n, dim].
        right: [n, dim].
        metric: how they are compared.
    """
    left, right = as_compared(left, metric), as_compared(right, metric)
    scores: F32 = -np.square(left - right).sum(1) if metric == "l2" else np.einsum("nd,nd->n", left, right)
    return scores
