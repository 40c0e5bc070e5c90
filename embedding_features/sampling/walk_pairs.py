"""Sampling of nodes that random walks pass near each other."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from embedding_features.arrays import I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.sampling.alias_draws import draw_entries
from embedding_features.sampling.alias_table import alias_table
from embedding_features.sampling.base import Examples, Sampler
from embedding_features.sampling.negatives import Popularity
from embedding_features.walks.uniform import UniformWalks


class WalkPairs(Sampler):
    """Draws a walk from every node in an epoch, and pairs its start with each later node of it.

    Hamilton et al., NeurIPS 2017, section 3.2 and appendix A: positives are what short walks pass, negatives
    are drawn by d^alpha, d a node's number of edges; a batch shares them.

    Attributes:
        length: steps of a walk.
        count: negatives of a batch.
        alpha: 1 draws by the number of edges, 0 evenly.
    """

    kind: Literal["walk_pairs"] = "walk_pairs"
    length: int = Field(default=5, ge=1)
    count: int = Field(default=512, ge=1)
    alpha: float = Field(default=0.75, ge=0)

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return how many batches there are at most; pairs of a node and itself are left out."""
        walkers = np.count_nonzero(view.adjacency().degrees)
        return int(-(-walkers * self.length // batch_size))

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        rng, edges = np.random.default_rng([seed, epoch]), view.adjacency()
        table = alias_table(Popularity(alpha=self.alpha).weights(edges.degrees))
        src, dst = self._pairs(edges, rng)
        for start in range(0, len(src), batch_size):
            part = slice(start, start + batch_size)
            negatives = torch.from_numpy(draw_entries(table, self.count, rng))
            yield Examples(torch.from_numpy(src[part]), torch.from_numpy(dst[part]), negatives)

    def _pairs(self, edges: CSR, rng: np.random.Generator) -> tuple[I64, I64]:
        """Return the pairs of an epoch in random order, without those of a node and itself."""
        walker = UniformWalks(length=self.length + 1).over(edges)
        walks = walker.draw(walker.starts, seed=int(rng.integers(2**31))).astype(np.int64)
        src, dst = np.repeat(walks[:, 0], self.length), walks[:, 1:].ravel()
        order = rng.permutation(np.flatnonzero(src != dst))
        return src[order], dst[order]
