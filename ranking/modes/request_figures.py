"""Recall, NDCG and coverage of each request: of its candidates as merged, as ranked, and at best."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.errors import DataError
from ranking.modes.lists import list_numbers
from ranking.modes.merge import Candidates
from ranking.modes.requests import Requests

#: the orders of candidates that are measured: see :class:`.StageFigures`
ORDERS = ("possible", "ideal", "merged", "ranked")


def request_figures(
    requests: Sequence[Requests], candidates: Sequence[Candidates], scores: Sequence[F32], k: int
) -> dict[str, F64]:
    """Return [r] of each figure of :class:`.TwoStages`, of the requests of all moments one after another.

    Args:
        requests: of each moment.
        candidates: of the requests of each moment.
        scores: [c] of the ranker for each candidate, higher is better; equal ones stay as they were merged.
        k: the cut-off of recall and NDCG.

    Returns:
        ``pool``, ``coverage``, ``found <source>``, and ``recall <order>`` and ``ndcg <order>`` of each order
        of :data:`ORDERS`.

    Raises:
        DataError: when there is no request, scores do not fit or are NaN, or k < 1.
    """
    if not requests or k < 1 or not len(requests) == len(candidates) == len(scores):
        raise DataError(
            f"{len(requests)} moments with requests, {len(candidates)} with candidates, {len(scores)} with "
            f"scores, k = {k}",
            fix="give all three of the same moments, at least one, and k of at least 1",
        )
    parts = [_figures(*part, k) for part in zip(requests, candidates, scores, strict=True)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _figures(requests: Requests, candidates: Candidates, score: F32, k: int) -> dict[str, F64]:
    """[q] of each figure."""
    _check_scores(requests, candidates, score)
    request, offsets = candidates.request, candidates.offsets
    wanted = np.diff(requests.wanted.offsets.to_numpy()).astype(np.int64)
    hit = hits(requests, candidates)
    count = np.bincount(request, hit, len(requests)).astype(np.int64)
    rank = np.arange(len(request)) - offsets[request]
    by_score = np.lexsort((rank, -score, request))
    hits_in_order = {"merged": hit, "ranked": hit[by_score]}
    gain = 1 / np.log2(np.arange(2, k + 2))
    best: F64 = np.concatenate([[0.0], np.cumsum(gain)])
    figures: dict[str, F64] = {
        "pool": np.diff(offsets).astype(np.float64),
        "coverage": count / wanted,
        "recall possible": np.minimum(wanted, k) / wanted,
        "recall ideal": np.minimum(count, k) / wanted,
        "ndcg possible": np.ones(len(requests)),
        "ndcg ideal": best[np.minimum(count, k)] / best[np.minimum(wanted, k)],
    }
    for order, in_order in hits_in_order.items():
        top = (rank < k) & in_order
        figures[f"recall {order}"] = np.bincount(request[top], minlength=len(requests)) / wanted
        sums = np.bincount(request[top], gain[rank[top]], len(requests))
        figures[f"ndcg {order}"] = sums / best[np.minimum(wanted, k)]
    for name, had in candidates.found.items():
        figures[f"found {name}"] = np.bincount(request[hit & had], minlength=len(requests)) / wanted
    return figures


def _check_scores(requests: Requests, candidates: Candidates, score: F32) -> None:
    request, of = candidates.request, len(candidates.items)
    if score.shape != request.shape or np.isnan(score).any() or of != len(requests):
        raise DataError(
            f"{score.shape} scores of {request.shape} candidates of {of} of {len(requests)} requests, or NaN",
            fix="score every candidate of the same requests",
        )


def hits(requests: Requests, candidates: Candidates) -> Bool:
    """Return [c] whether a candidate is wanted."""
    wanted, items = requests.wanted.flatten(), candidates.items.flatten()
    known = pa.concat_arrays([wanted, items]).unique()
    keys: list[I64] = [
        whose * len(known) + np.asarray(pc.index_in(ids, value_set=known).to_numpy(), np.int64)
        for whose, ids in ((list_numbers(requests.wanted), wanted), (candidates.request, items))
    ]
    return np.isin(keys[1], keys[0])
