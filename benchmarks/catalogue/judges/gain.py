"""What further relations bring to the retrieval by one of them."""

from dataclasses import replace

import numpy as np

from benchmarks.catalogue.data.base import Data, Pairs
from benchmarks.catalogue.judges.base import Judge
from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from embedding_features.arrays import F64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.methods import Method


class GainJudge(Judge):
    """Compares a method with itself fitted on the asked relation alone, by the same seed.

    The gain is the difference of recalls, and ``gain_low`` the lower end of its 95 % interval, by
    a bootstrap over sources.

    Attributes:
        k: cut-off of the recall.
        replicates: of the bootstrap.
    """

    k: int = 20
    replicates: int = 2000

    def figures(self, data: Data[Pairs], embeddings: Embeddings, seed: int) -> dict[str, float]:
        """Return both recalls, the gain and its lower end."""
        method = Method.model_validate(embeddings.provenance.config)
        view = method.view.model_copy(update={"relations": (data.asked.relation,)})
        alone = method.model_copy(update={"view": view}).fit(data.graph, seed=seed)
        recalls = [self._recalls(data, learned) for learned in (embeddings, alone)]
        gains = recalls[0] - recalls[1]
        drawn = np.random.default_rng(seed).integers(0, len(gains), (self.replicates, len(gains)))
        low = float(np.quantile(gains[drawn].mean(axis=1), 0.025))
        both = RetrievalJudge(k=self.k).figures(data, embeddings, seed)
        alone_recall = float(recalls[1].mean())
        return {**both, "alone": alone_recall, "gain": float(gains.mean()), "gain_low": low}

    def _recalls(self, data: Data[Pairs], learned: Embeddings) -> F64:
        """Return the recall of each source with pairs to find, in the order of their rows."""
        judge, asked = RetrievalJudge(k=self.k), data.asked
        found = []
        for source in np.unique(asked.src):
            of = asked.src == source
            one = replace(data, asked=replace(asked, src=asked.src[of], dst=asked.dst[of]))
            found.append(judge.figures(one, learned, 0)[f"recall@{self.k}"])
        return np.array(found)
