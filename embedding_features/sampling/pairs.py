"""Positive pairs in random order, each with its negatives."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import SerializeAsAny

from embedding_features.graph.views import BipartiteView
from embedding_features.sampling.base import PairBatch, Sampler
from embedding_features.sampling.negatives import Negatives, Uniform, draw_negatives


class Pairs(Sampler):
    """Every pair of the view once an epoch, shuffled, with negatives beside it.

    Attributes:
        negatives: how many, and from which distribution.
    """

    kind: Literal["pairs"] = "pairs"
    negatives: SerializeAsAny[Negatives] = Uniform()

    def steps(self, view: BipartiteView, batch_size: int) -> int:
        """See :meth:`Sampler.steps`."""
        return -(-view.forward.edges // batch_size)

    def epoch(self, view: BipartiteView, batch_size: int, *, seed: int, epoch: int) -> Iterator[PairBatch]:
        """See :meth:`Sampler.epoch`."""
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
