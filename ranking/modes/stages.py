"""How much of what was to be found each of two stages loses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.errors import DataError
from ranking.modes.merge import Candidates
from ranking.modes.requests import Requests


@dataclass(frozen=True)
class StageFigures:
    """One metric at K, averaged over requests.

    Attributes:
        possible: of an ideal order of all items; a user who wants more than K items has a recall below 1.
        ideal: of an ideal order of the candidates: what is wanted first.
        merged: of the candidates in the order in which they were merged.
        ranked: of the candidates as the ranker orders them: end to end.
    """

    possible: float
    ideal: float
    merged: float
    ranked: float

    @property
    def missed(self) -> float:
        """What the candidates lose: possible − ideal."""
        return self.possible - self.ideal

    @property
    def lost(self) -> float:
        """What the ranker loses: ideal − ranked."""
        return self.ideal - self.ranked


@dataclass(frozen=True)
class TwoStages:
    """Both stages of some requests.

    Attributes:
        k: the cut-off of recall and NDCG.
        requests: how many the means are over.
        pool: mean number of candidates.
        coverage: mean share of a request's wanted items among all its candidates.
        found: source → mean share of the wanted items that it had among the candidates.
        recall, ndcg: see :class:`.Retrieval`.
    """

    k: int
    requests: int
    pool: float
    coverage: float
    found: Mapping[str, float]
    recall: StageFigures
    ndcg: StageFigures


def evaluate_stages(
    requests: Sequence[Requests], candidates: Sequence[Candidates], scores: Sequence[F32], k: int
) -> TwoStages:
    """Both stages, averaged over the requests of all moments.

    Args:
        candidates: of the requests of each moment.
        scores: [c] of the ranker for each candidate, higher is better; equal ones stay as they were merged.

    Raises:
        DataError: when there is no request, scores do not fit or are NaN, or k < 1.
    """
    figures = request_figures(requests, candidates, scores, k)
    mean = {name: float(values.mean()) for name, values in figures.items()}
    return TwoStages(
        k=k,
        requests=len(figures["pool"]),
        pool=mean["pool"],
        coverage=mean["coverage"],
        found={name: mean[f"found {name}"] for name in candidates[0].found},
        recall=StageFigures(*(mean[f"recall {order}"] for order in _ORDERS)),
        ndcg=StageFigures(*(mean[f"ndcg {order}"] for order in _ORDERS)),
    )


_ORDERS = ("possible", "ideal", "merged", "ranked")


def request_figures(
    requests: Sequence[Requests], candidates: Sequence[Candidates], scores: Sequence[F32], k: int
) -> dict[str, F64]:
    """[r] of each figure of :class:`TwoStages`, of the requests of all moments one after another.

    Returns:
        ``pool``, ``coverage``, ``found <source>``, and ``recall <order>`` and ``ndcg <order>`` of each order
        of :class:`StageFigures`.

    Raises:
        DataError: as :func:`evaluate_stages` does.
    """
    if not requests or k < 1 or not len(requests) == len(candidates) == len(scores):
        raise DataError(
            f"{len(requests)} moments with requests, {len(candidates)} with candidates, {len(scores)} with "
            f"scores, k = {k}",
            fix="give all three of the same moments, at least one, and k of at least 1",
        )
    parts = [_judged(*part, k) for part in zip(requests, candidates, scores, strict=True)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _judged(requests: Requests, candidates: Candidates, score: F32, k: int) -> dict[str, F64]:
    """[q] of each figure."""
    request, offsets = candidates.request, candidates.offsets
    if score.shape != request.shape or np.isnan(score).any() or len(offsets) != len(requests) + 1:
        raise DataError(
            f"{score.shape} scores of {request.shape} candidates of {len(offsets) - 1} of {len(requests)} "
            "requests, or NaN",
            fix="score every candidate of the same requests",
        )
    wanted = np.diff(requests.wanted.offsets.to_numpy()).astype(np.int64)
    hit = hits(requests, candidates)
    count = np.bincount(request, hit, len(requests)).astype(np.int64)
    rank = np.arange(len(request)) - offsets[request]
    by_score = np.lexsort((rank, -score, request))
    ranks = {"merged": (hit, rank), "ranked": (hit[by_score], rank)}
    gain = 1 / np.log2(np.arange(2, k + 2))
    best: F64 = np.concatenate([[0.0], np.cumsum(gain)])
    judged: dict[str, F64] = {
        "pool": np.diff(offsets).astype(np.float64),
        "coverage": count / wanted,
        "recall possible": np.minimum(wanted, k) / wanted,
        "recall ideal": np.minimum(count, k) / wanted,
        "ndcg possible": np.ones(len(requests)),
        "ndcg ideal": best[np.minimum(count, k)] / best[np.minimum(wanted, k)],
    }
    for order, (of_rank, place) in ranks.items():
        top = (place < k) & of_rank
        judged[f"recall {order}"] = np.bincount(request[top], minlength=len(requests)) / wanted
        sums = np.bincount(request[top], gain[place[top]], len(requests))
        judged[f"ndcg {order}"] = sums / best[np.minimum(wanted, k)]
    for name, had in candidates.found.items():
        judged[f"found {name}"] = np.bincount(request[hit & had], minlength=len(requests)) / wanted
    return judged


def hits(requests: Requests, candidates: Candidates) -> Bool:
    """[c] whether a candidate is wanted."""
    wanted, items = requests.wanted.flatten(), candidates.items.flatten()
    known = pa.concat_arrays([wanted, items]).unique()
    owner = np.repeat(np.arange(len(requests)), np.diff(requests.wanted.offsets.to_numpy()))
    keys: list[I64] = [
        whose * len(known) + np.asarray(pc.index_in(ids, value_set=known).to_numpy(), np.int64)
        for whose, ids in ((owner, wanted), (candidates.request, items))
    ]
    return np.isin(keys[1], keys[0])
