"""Held-out pairs found by the scores of a baseline."""

from benchmarks.catalogue.data.base import Data, Pairs
from benchmarks.catalogue.judges.base import Judge
from embedding_features.evaluate.baselines.base import Fitted
from embedding_features.evaluate.baselines.evaluation import evaluate_baseline


class BaselineJudge(Judge):
    """Ranks all destinations for each source that has some to find, as the judge of vectors does.

    Attributes:
        k: cut-off of the figures.
    """

    k: int = 20

    def figures(self, data: Data[Pairs], fitted: Fitted, seed: int) -> dict[str, float]:  # noqa: ARG002
        """Return recall and NDCG."""
        asked = data.asked
        found = evaluate_baseline(fitted, data.graph, asked.src, asked.dst, relation=asked.relation, k=self.k)
        return {f"recall@{self.k}": found.recall, f"ndcg@{self.k}": found.ndcg}
