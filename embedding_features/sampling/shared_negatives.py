"""Sampling of pairs whose batch shares negatives that are drawn beside it."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from embedding_features.arrays import I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.sampling.alias_draws import draw_entries
from embedding_features.sampling.alias_table import alias_table
from embedding_features.sampling.base import Examples
from embedding_features.sampling.known_pairs import known_pairs
from embedding_features.sampling.negatives import Popularity
from embedding_features.sampling.of_pairs import OfPairs


class SharedNegatives(OfPairs):
    """Draws every pair of a relation once in an epoch, in random order; a batch shares drawn negatives.

    None of them is the batch's own: :class:`.InBatchPairs` mixes those with drawn ones. What a source is
    known to have an edge to is left out of its negatives.

    Attributes:
        count: negatives of a batch.
        alpha: a destination of degree d is drawn with probability ∝ d^alpha; 0 draws evenly.
        positives: of each anchor: the pair's own destination, and others drawn evenly, each anew, from those
            that the source has an edge to.
        degrees: whether the loss is told the degrees of all nodes, as :class:`.WeightedLogistic` asks.
    """

    kind: Literal["shared_negatives"] = "shared_negatives"
    count: int = Field(default=1024, ge=1)
    alpha: float = Field(default=0.0, ge=0)
    positives: int = Field(default=1, ge=1)
    degrees: bool = False

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch, of at most ``batch_size`` anchors each."""
        relation = self._relation(view)
        first_src, first_dst = view.nodes[relation.src].start, view.nodes[relation.dst].start
        forward, of_dst = relation.forward, relation.reverse.degrees
        table = alias_table(Popularity(alpha=self.alpha).weights(of_dst))
        rng = np.random.default_rng([seed, epoch, 1])
        for _, src, own in self._batches(view, batch_size, (seed, epoch)):
            dst = self._with_others(forward, src, own, rng)
            negatives = draw_entries(table, self.count, rng)
            degrees = forward.degrees[src], of_dst[dst], of_dst[negatives]
            yield Examples(
                torch.from_numpy(src.astype(np.int64) + first_src),
                torch.from_numpy(dst + first_dst),
                torch.from_numpy(negatives + first_dst),
                of=None if self.positives == 1 else torch.arange(len(src)).repeat_interleave(self.positives),
                left_out=torch.from_numpy(np.stack(known_pairs(forward, src, negatives))),
                degrees=torch.from_numpy(np.concatenate(degrees).astype(np.float32))
                if self.degrees
                else None,
            )

    def _with_others(self, forward: CSR, src: I32, own: I32, rng: np.random.Generator) -> I64:
        """Return the [batch · positives] destinations of the anchors, an anchor's one after the other."""
        if self.positives == 1:
            return own.astype(np.int64)
        places = rng.random((len(src), self.positives - 1)) * forward.degrees[src][:, None]
        others = forward.indices[forward.indptr[src][:, None] + places.astype(np.int64)]
        return np.concatenate([own[:, None], others], axis=1).astype(np.int64).ravel()
