"""Sampling of whole rows: a source with all its destinations."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from embedding_features.arrays import positions_in_runs
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples, Sampler


class Rows(Sampler):
    """Draws every source of a relation once in an epoch, in random order, with all its destinations.

    The negatives are all nodes of the destinations' type. Sources without edges are passed over.

    Attributes:
        relation: whose rows; None for the view's first, which must join two node types.
    """

    kind: Literal["rows"] = "rows"
    relation: str | None = None

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches, of at most ``batch_size`` sources each."""
        return -(-int(np.count_nonzero(self._relation(view).forward.degrees)) // batch_size)

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        relation = self._relation(view)
        forward, first = relation.forward, view.nodes[relation.src].start
        span = view.span(relation.dst)
        everyone = torch.arange(span.start, span.stop)
        sources = np.random.default_rng([seed, epoch]).permutation(np.flatnonzero(forward.degrees))
        for start in range(0, len(sources), batch_size):
            batch = sources[start : start + batch_size]
            counts = forward.degrees[batch]
            entries = np.repeat(forward.indptr[batch], counts) + positions_in_runs(counts)
            dst = forward.indices[entries].astype(np.int64) + span.start
            of = np.repeat(np.arange(len(batch)), counts)
            src, positives, anchors = (torch.from_numpy(array) for array in (batch + first, dst, of))
            yield Examples(src, positives, everyone, of=anchors, epoch=torch.tensor(epoch))

    def _relation(self, view: GraphView) -> Relation:
        return view.matrix() if self.relation is None else view.relation(self.relation)
