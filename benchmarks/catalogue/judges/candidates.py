"""Ranks of held-out destinations among given others."""

import numpy as np
import pyarrow as pa

from benchmarks.catalogue.data.base import Data
from benchmarks.catalogue.data.candidates import Candidates
from benchmarks.catalogue.judges.base import Judge
from embedding_features.arrays import F64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.pair_scores import pair_scores


class CandidateJudge(Judge):
    """Ranks each held-out destination among its source's others, ties at their mean rank.

    A network that scores pairs ranks by its scores, others by the metric of their vectors. The hit rate is
    the share found among the first k, and of one found in place r, from 1, the NDCG is 1 / log2(r + 1).

    Attributes:
        k: cut-off of the figures.
    """

    k: int = 10

    def figures(self, data: Data[Candidates], embeddings: Embeddings, seed: int) -> dict[str, float]:  # noqa: ARG002
        """Return hit rate and NDCG."""
        places = self.places(data.asked, embeddings)
        found = places <= self.k
        gains = np.where(found, 1 / np.log2(places + 1), 0.0)
        return {f"hr@{self.k}": float(found.mean()), f"ndcg@{self.k}": float(gains.mean())}

    def places(self, asked: Candidates, embeddings: Embeddings) -> F64:
        """Return the [n] places of what is to be found, from 1."""
        wanted = asked.dst.to_numpy()[:, None]
        everyone = np.concatenate([wanted, asked.others], axis=1)
        sources = pa.array(np.repeat(asked.src.to_numpy(), everyone.shape[1]))
        scores = pair_scores(embeddings, asked.ends, sources, pa.array(everyone.ravel()))
        own, others = np.split(scores.reshape(everyone.shape), [1], axis=1)
        counted = asked.others != wanted
        above, beside = ((compared & counted).sum(axis=1) for compared in (others > own, others == own))
        places: F64 = 1 + above + beside / 2
        return places
