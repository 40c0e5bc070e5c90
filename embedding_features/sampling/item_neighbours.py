"""Sampling of what is often had together with a source's own destinations."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from embedding_features.graph.co_occurrence import co_occurrence_neighbours
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples
from embedding_features.sampling.of_pairs import OfPairs


class ItemNeighbours(OfPairs):
    """Draws every pair of a relation once in an epoch, with a neighbour of its destination in its place.

    The ``count`` neighbours of a destination share most sources with it (:func:`.co_occurrence_neighbours`).
    One is drawn in proportion to its weight ω; the example's weight is the sum of these ω, so that an epoch
    counts every neighbour by its own on average. There are no negatives.

    Attributes:
        count: neighbours of a destination.
    """

    kind: Literal["item_neighbours"] = "item_neighbours"
    count: int = Field(default=10, ge=1)

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch, of at most ``batch_size`` pairs each."""
        relation = self._relation(view)
        neighbours, weights = co_occurrence_neighbours(relation, self.count)
        up_to = weights.cumsum(1)
        first_src, first_dst = view.nodes[relation.src].start, view.nodes[relation.dst].start
        rng = np.random.default_rng([seed, epoch, 2])
        for _, src, own in self._batches(view, batch_size, (seed, epoch)):
            total = up_to[own, -1:]
            places = (up_to[own] <= total * rng.random((len(own), 1), np.float32)).sum(1)
            dst = neighbours[own, np.minimum(places, self.count - 1)]
            yield Examples(
                torch.from_numpy(src.astype(np.int64) + first_src),
                torch.from_numpy(dst.astype(np.int64) + first_dst),
                torch.empty(0, dtype=torch.int64),
                weight=torch.from_numpy(total[:, 0]),
            )
