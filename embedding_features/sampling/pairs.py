"""Sampling of all positive pairs in random order, each with its negatives."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import SerializeAsAny

from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples, Sampler
from embedding_features.sampling.negatives import Negatives, Uniform, draw_negatives


class Pairs(Sampler):
    """Draws every pair of a relation once in an epoch, in random order, with negatives beside it.

    Attributes:
        relation: whose pairs; None for the view's first, which must join two node types.
        negatives: how many, and from which distribution; one, drawn uniformly, by default.
    """

    kind: Literal["pairs"] = "pairs"
    relation: str | None = None
    negatives: SerializeAsAny[Negatives] = Uniform()

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches; the last may be smaller."""
        return -(-self._relation(view).forward.edges // batch_size)

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        relation = self._relation(view)
        first_src, first_dst = view.nodes[relation.src].start, view.nodes[relation.dst].start
        forward = relation.forward
        sources = forward.sources()
        order = np.random.default_rng([seed, epoch]).permutation(forward.edges)
        table = self.negatives.table(relation.reverse.degrees)
        for start in range(0, forward.edges, batch_size):
            edges = order[start : start + batch_size]
            src = sources[edges]
            negatives = draw_negatives(
                forward, src, table, self.negatives.count, key=(seed, epoch), first=start
            )
            yield Examples(
                torch.from_numpy(src.astype(np.int64) + first_src),
                torch.from_numpy(forward.indices[edges].astype(np.int64) + first_dst),
                torch.from_numpy(negatives + first_dst),
            )

    def _relation(self, view: GraphView) -> Relation:
        return view.matrix() if self.relation is None else view.relation(self.relation)
