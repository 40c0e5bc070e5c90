"""Held-out pairs found among all that a user lacks."""

from benchmarks.catalogue.data.base import Data, Pairs
from benchmarks.catalogue.judges.base import Judge
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.retrieval import evaluate_embeddings


class RetrievalJudge(Judge):
    """Ranks all destinations for each source that has some to find.

    Attributes:
        k: cut-off of the figures.
    """

    k: int = 20

    def figures(self, data: Data[Pairs], embeddings: Embeddings, seed: int) -> dict[str, float]:  # noqa: ARG002
        """Return recall and NDCG."""
        asked = data.asked
        found = evaluate_embeddings(
            embeddings, data.graph, asked.src, asked.dst, relation=asked.relation, k=self.k
        )
        return {f"recall@{self.k}": found.recall, f"ndcg@{self.k}": found.ndcg}
