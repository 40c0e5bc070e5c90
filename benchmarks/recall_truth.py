"""Searches by brute force: in float64 for the answers, in numpy as a user would write it for the time."""

from collections.abc import Iterator

import numpy as np

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.artifact import Metric

_AT_ONCE = 64


def compared(vectors: F32, metric: Metric) -> F32:
    """Return vectors whose dot product ranks by the metric; under l2 see :func:`numpy_search`."""
    if metric != "cosine":
        return vectors
    unit: F32 = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def true_scores(queries: F32, items: F32, metric: Metric) -> Iterator[tuple[int, F64]]:
    """Yield (query, [n] float64 scores)."""
    x, wide = items.astype(np.float64), queries.astype(np.float64)
    if metric == "cosine":
        x, wide = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, wide))
    squares = np.einsum("ij,ij->i", x, x)
    for start in range(0, len(wide), _AT_ONCE):
        block = wide[start : start + _AT_ONCE]
        scores = block @ x.T
        if metric == "l2":
            scores = 2 * scores - squares - np.einsum("ij,ij->i", block, block)[:, None]
        yield from enumerate(scores, start)


def recall_of(
    rows: I64, queries: F32, items: F32, metric: Metric, open_: Bool | None = None
) -> tuple[float, int]:
    """Return the share of the true k best that are found, and how many rows break the filter.

    A row counts when its score is no less than the k-th best, to float32: of equal rows any will do. No row
    counts twice.

    Args:
        rows: [q, k] what was found; negative where nothing was.
        queries: [q, dim].
        items: [n, dim].
        metric: what is best.
        open_: [q, n] or [n] what each query may find; None for all.
    """
    k, right, wrong, wanted = rows.shape[1], 0, 0, 0
    for query, scores in true_scores(queries, items, metric):
        here = None if open_ is None else open_ if open_.ndim == 1 else open_[query]
        found = np.unique(rows[query][rows[query] >= 0])
        if here is not None:
            wrong += int((~here[found]).sum())
            scores = np.where(here, scores, -np.inf)
        possible = min(k, int(np.isfinite(scores).sum()))
        least = np.float32(np.partition(scores, -possible)[-possible]) if possible else np.inf
        unit = np.spacing(np.abs(np.float32(least)))  # one rounding of the score
        right += int((scores[found].astype(np.float32) >= least - unit).sum())
        wanted += possible
    return right / wanted, wrong


def numpy_search(queries: F32, items: F32, k: int, batch: int, bias: F32 | None = None) -> tuple[I64, F32]:
    """Return [q, k] rows and scores by matrix product, argpartition and sort, in batches of queries.

    Args:
        queries: [q, dim].
        items: [n, dim].
        k: rows of each query.
        batch: queries of one product.
        bias: [n] added to the scores: -|x|²/2 ranks by distance.
    """
    rows = np.empty((len(queries), k), np.int64)
    best = np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), batch):
        scores = queries[start : start + batch] @ items.T
        if bias is not None:
            scores += bias
        top = np.argpartition(scores, -k, axis=1)[:, -k:]
        values = np.take_along_axis(scores, top, axis=1)
        order = np.argsort(-values, axis=1)
        rows[start : start + batch] = np.take_along_axis(top, order, axis=1)
        best[start : start + batch] = np.take_along_axis(values, order, axis=1)
    return rows, best
