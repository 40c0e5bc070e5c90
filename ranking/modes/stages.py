"""How much of what was to be found each of two stages loses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from embedding_features.arrays import F32
from ranking.modes.merge import Candidates
from ranking.modes.request_figures import ORDERS, request_figures
from ranking.modes.requests import Requests


@dataclass(frozen=True)
class StageFigures:
    """One metric at K, averaged over requests, of four orders.

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
        """Return what the candidates lose: possible − ideal."""
        return self.possible - self.ideal

    @property
    def lost(self) -> float:
        """Return what the ranker loses: ideal − ranked."""
        return self.ideal - self.ranked


@dataclass(frozen=True)
class TwoStages:
    """Holds how well both stages do on some requests.

    Attributes:
        k: the cut-off of recall and NDCG.
        requests: how many the means are over.
        pool: mean number of candidates.
        coverage: mean share of a request's wanted items among all its candidates.
        found: source → mean share of the wanted items that it had among the candidates.
        recall: recall at k.
        ndcg: NDCG at k, of gains 0 and 1.
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
    """Return how both stages do, averaged over the requests of all moments.

    Args:
        requests: of each moment.
        candidates: of the requests of each moment.
        scores: [c] of the ranker for each candidate, higher is better; equal ones stay as they were merged.
        k: the cut-off of recall and NDCG.

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
        recall=StageFigures(*(mean[f"recall {order}"] for order in ORDERS)),
        ndcg=StageFigures(*(mean[f"ndcg {order}"] for order in ORDERS)),
    )
