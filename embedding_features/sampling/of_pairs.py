"""What samplers of a relation's pairs share."""

from collections.abc import Iterator

import numpy as np

from embedding_features.arrays import I32
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Sampler


class OfPairs(Sampler):
    """Draws every pair of a relation once in an epoch, in random order.

    Attributes:
        relation: whose pairs; None for the view's first, which must join two node types.
    """

    relation: str | None = None

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches; the last may be smaller."""
        return -(-self._relation(view).forward.edges // batch_size)

    def _batches(
        self, view: GraphView, batch_size: int, key: tuple[int, int]
    ) -> Iterator[tuple[int, I32, I32]]:
        """Yield the position of each batch in the epoch, and its rows of the relation's two sides.

        Args:
            view: whose pairs.
            batch_size: pairs of a batch.
            key: seed and number of the epoch.
        """
        forward = self._relation(view).forward
        sources = forward.sources()
        order = np.random.default_rng(key).permutation(forward.edges)
        for start in range(0, forward.edges, batch_size):
            edges = order[start : start + batch_size]
            yield start, sources[edges], forward.indices[edges]

    def _relation(self, view: GraphView) -> Relation:
        return view.matrix() if self.relation is None else view.relation(self.relation)
