"""The one validation split that all trials of a search are judged on."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import I64
from embedding_features.evaluate.holdout import Holdout, split_holdout
from embedding_features.evaluate.metrics import Retrieval
from embedding_features.evaluate.retrieval import evaluate_embeddings
from embedding_features.graph.graph import Graph
from embedding_features.methods.base import Method
from embedding_features.progress import Progress
from embedding_features.tuning.settings import Tuning


@dataclass(frozen=True)
class TuningSplit:
    """Holds what every trial learns from and has to find, so that trials differ by their settings alone.

    Attributes:
        graph: without the pairs held out.
        relation: name of the relation that was split; None for the graph's only one.
        src: [pairs] int64 source rows of the pairs to find, of the users that are measured.
        dst: [pairs] int64 destination rows.
        settings: the metric and the seed.
    """

    graph: Graph
    relation: str | None
    src: I64
    dst: I64
    settings: Tuning

    @classmethod
    def of(cls, graph: Graph, relation: str | None, settings: Tuning) -> "TuningSplit":
        """Split a relation of ``graph``, which is left as it is.

        Raises:
            GraphError: when the relation cannot be split (see :func:`.split_holdout`).
        """
        holdout = split_holdout(graph, relation, settings.fraction, settings.seed, settings.by)
        return cls(holdout.graph, relation, *_pairs_of_some(holdout, settings), settings)

    def judge(self, method: Method, progress: Progress) -> Retrieval:
        """Fit a method on what is left of the graph, and measure what it finds of the rest."""
        embeddings = method.fit(self.graph, seed=self.settings.seed, progress=progress)
        return evaluate_embeddings(
            embeddings, self.graph, self.src, self.dst, relation=self.relation, k=self.settings.k
        )


def _pairs_of_some(split: Holdout, settings: Tuning) -> tuple[I64, I64]:
    """Return the held-out pairs of at most so many users, drawn at random."""
    everyone = np.unique(split.src)
    if settings.users is None or settings.users >= len(everyone):
        return split.src, split.dst
    drawn = np.random.default_rng(settings.seed).choice(everyone, settings.users, replace=False)
    kept = np.isin(split.src, drawn)
    return split.src[kept], split.dst[kept]
