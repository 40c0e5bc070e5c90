"""Sampling of pairs, each with negatives of its own."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import SerializeAsAny

from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples
from embedding_features.sampling.negatives import Negatives, Uniform, draw_negatives
from embedding_features.sampling.of_pairs import OfPairs


class Pairs(OfPairs):
    """Draws every pair of a relation once in an epoch, in random order, with negatives beside it.

    Attributes:
        negatives: how many, and from which distribution; one, drawn uniformly, by default.
    """

    kind: Literal["pairs"] = "pairs"
    negatives: SerializeAsAny[Negatives] = Uniform()

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        relation = self._relation(view)
        first_src, first_dst = view.nodes[relation.src].start, view.nodes[relation.dst].start
        table = self.negatives.table(relation.reverse.degrees)
        for start, src, dst in self._batches(view, batch_size, (seed, epoch)):
            negatives = draw_negatives(
                relation.forward, src, table, self.negatives.count, key=(seed, epoch), first=start
            )
            yield Examples(
                torch.from_numpy(src.astype(np.int64) + first_src),
                torch.from_numpy(dst.astype(np.int64) + first_dst),
                torch.from_numpy(negatives + first_dst),
            )
