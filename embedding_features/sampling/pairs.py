"""Sampling of all positive pairs in random order, each with its negatives."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import SerializeAsAny

from embedding_features.graph.views import BipartiteView
from embedding_features.sampling.base import PairBatch, Sampler
from embedding_features.sampling.negatives import Negatives, Uniform, draw_negatives


class Pairs(Sampler):
    """Draws every pair of the view once in an epoch, in random order, with negatives beside it.

    Attributes:
        negatives: how many, and from which distribution; one, drawn uniformly, by default.
    """

    kind: Literal["pairs"] = "pairs"
    negatives: SerializeAsAny[Negatives] = Uniform()

    def steps(self, view: BipartiteView, batch_size: int) -> int:
        """Return the number of batches; the last may be smaller."""
        return -(-view.forward.edges // batch_size)

    def epoch(self, view: BipartiteView, batch_size: int, *, seed: int, epoch: int) -> Iterator[PairBatch]:
        """Yield the batches of one epoch."""
        forward = view.forward
        sources = forward.sources()
        order = np.random.default_rng([seed, epoch]).permutation(forward.edges)
        table = self.negatives.table(view.reverse.degrees)
        for start in range(0, forward.edges, batch_size):
            edges = order[start : start + batch_size]
            src = sources[edges]
            negatives = draw_negatives(
                forward, src, table, self.negatives.count, key=(seed, epoch), first=start
            )
            yield PairBatch(
                torch.from_numpy(src.astype(np.int64)),
                torch.from_numpy(forward.indices[edges].astype(np.int64)),
                torch.from_numpy(negatives),
            )
