"""Sampling of pairs whose negatives are the other destinations of the batch."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from embedding_features.arrays import F64, I64
from embedding_features.graph.view import GraphView
from embedding_features.sampling.alias_draws import draw_entries
from embedding_features.sampling.alias_table import alias_table
from embedding_features.sampling.base import Examples
from embedding_features.sampling.known_pairs import known_pairs
from embedding_features.sampling.negatives import Popularity
from embedding_features.sampling.of_pairs import OfPairs


class InBatchPairs(OfPairs):
    """Draws every pair of a relation once in an epoch, in random order; a batch shares its negatives.

    These are the batch's destinations, which are drawn by their number of edges, and nodes that are drawn
    beside them (mixed negative sampling, Yang et al., WWW 2020 companion, section 3.3). What a source is
    known to have an edge to is left out of its negatives: of a small catalogue a batch holds most.

    Attributes:
        count: nodes drawn beside the batch's destinations.
        alpha: of a node of degree d, these are drawn with probability ∝ d^alpha; 0 draws evenly.
        correct: whether the loss is told how often each negative is expected, and so can weigh it by the
            inverse (logQ, Yi et al., RecSys 2019, eq. 3).
    """

    kind: Literal["in_batch_pairs"] = "in_batch_pairs"
    count: int = Field(default=0, ge=0)
    alpha: float = Field(default=0.0, ge=0)
    correct: bool = False

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        relation = self._relation(view)
        first_src, first_dst = view.nodes[relation.src].start, view.nodes[relation.dst].start
        forward, degrees = relation.forward, relation.reverse.degrees
        shares, rng = self._shares(degrees), np.random.default_rng([seed, epoch, 1])
        table = alias_table(shares) if self.count else None
        for _, src, columns in self._batches(view, batch_size, (seed, epoch)):
            dst = columns.astype(np.int64)
            negatives = dst if table is None else np.concatenate([dst, draw_entries(table, self.count, rng)])
            chances = None
            if self.correct:
                expected = len(dst) / forward.edges * degrees[negatives] + self.count * shares[negatives]
                chances = torch.from_numpy(expected.astype(np.float32))
            yield Examples(
                torch.from_numpy(src.astype(np.int64) + first_src),
                torch.from_numpy(dst + first_dst),
                torch.from_numpy(negatives + first_dst),
                chances=chances,
                left_out=torch.from_numpy(np.stack(known_pairs(forward, src, negatives))),
            )

    def _shares(self, degrees: I64) -> F64:
        """Return the [destinations] probabilities of the nodes drawn beside."""
        weights = Popularity(alpha=self.alpha).weights(degrees)
        shares: F64 = weights / max(weights.sum(), 1e-300)
        return shares
