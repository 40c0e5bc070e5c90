"""Search for the best rows, exact or approximate, behind one call."""

from typing import Any

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.recall.approximate import propose
from embedding_features.recall.exact.exact import ScannedVectors, score_exact, search_exact
from embedding_features.recall.filters import Eligible
from embedding_features.recall.settings import RecallSettings


def search_rows(
    ann_index: Any | None,
    settings: RecallSettings,
    vectors: ScannedVectors,
    queries: F32,
    k: int,
    eligible: Eligible,
) -> tuple[I64, F32]:
    """Return the k best rows of each query.

    Args:
        ann_index: the graph or the faiss index that proposes candidates; None for exact search.
        settings: how it is searched.
        vectors: of all rows.
        queries: [q, d] as the metric compares them.
        k: rows wanted.
        eligible: the rows that each query may find.

    Returns:
        [q, k] rows and [q, k] scores, best first, ties in ascending order of the row; -1 and -inf where there
        are fewer.
    """
    if ann_index is None or eligible.listed is not None:
        return search_exact(queries, vectors, k, eligible)
    rows = np.full((len(queries), k), -1, np.int64)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    # Queries that are denied more must be searched deeper: apart, so that they do not slow the rest.
    depths = np.ceil(np.log2(1 + eligible.denied.counts / k)).astype(np.int64)
    for depth in np.unique(depths):
        at = np.flatnonzero(depths == depth)
        some, open_ = queries[at], eligible.select(at)
        wanted = min(k << int(depth), eligible.count)
        candidates = propose(ann_index, settings, vectors, some, wanted, open_)
        if candidates is None:
            rows[at], scores[at] = search_exact(some, vectors, k, open_)
        else:
            rows[at], scores[at] = _score_candidates(candidates, vectors, some, k, open_)
    return rows, scores


def _score_candidates(
    candidates: I64, vectors: ScannedVectors, queries: F32, k: int, eligible: Eligible
) -> tuple[I64, F32]:
    """Score candidates exactly; exact search answers queries that got fewer than there are to find."""
    pointers = np.arange(len(queries) + 1) * candidates.shape[1]
    rows, scores = score_exact(queries, vectors, pointers, candidates.reshape(-1), k, eligible)
    possible = np.minimum(k, eligible.count - eligible.denied.counts)
    short = np.flatnonzero((rows >= 0).sum(axis=1) < possible)
    if len(short):
        rest = eligible.select(short)
        rows[short], scores[short] = search_exact(queries[short], vectors, k, rest)
    return rows, scores
