"""Filtered ranks of both ends of held-out triples."""

from typing import Literal

import numpy as np

from benchmarks.catalogue.data.base import Data, Triples
from benchmarks.catalogue.judges.base import Judge
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.filtered_rank import FilteredRanks, rank_triples
from embedding_features.evaluate.relation_queries import published_scorer


class LinkJudge(Judge):
    """Ranks each triple's ends among all nodes that make no known triple, ties at their mean rank.

    An entity without training triples has no vector: it gets one of zeros, and is ranked like others.

    Attributes:
        split: whose triples are ranked.
    """

    split: Literal["valid", "test"] = "test"

    def figures(self, data: Data[Triples], embeddings: Embeddings, seed: int) -> dict[str, float]:  # noqa: ARG002
        """Return MRR, hits and the mean rank."""
        ranks = self.ranks(data.asked, embeddings)
        hits = {f"hits@{k}": ranks.hits(k) for k in (1, 3, 10)}
        return {"mrr": ranks.mrr, **hits, "mean_rank": ranks.mean_rank}

    def ranks(self, asked: Triples, embeddings: Embeddings) -> FilteredRanks:
        """Return the ranks, by the published vectors of entities and relations."""
        table = embeddings.tables[asked.node_type]
        vectors = np.zeros((table.catalogue, table.dim), np.float32)
        vectors[table.ids.to_numpy()] = table.vectors
        compare = published_scorer(embeddings)
        return rank_triples(compare, vectors, asked.splits[self.split], asked.known, reciprocal=True)
