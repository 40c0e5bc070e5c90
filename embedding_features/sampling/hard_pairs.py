"""Sampling of pairs with negatives that the batch shares, and hard ones that grow in number."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field, SerializeAsAny

from embedding_features.arrays import I32
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.sampling.alias_draws import draw_entries
from embedding_features.sampling.base import Examples
from embedding_features.sampling.negatives import Negatives, Uniform
from embedding_features.sampling.of_pairs import OfPairs
from embedding_features.sampling.visit_ranks import draw_ranked, known_among, ranked_destinations
from embedding_features.walks.visits import VisitCounts


class HardPairs(OfPairs):
    """Draws every pair of a relation once in an epoch, with the curriculum of PinSage's negatives.

    A batch shares ``negatives``. Beside them epoch n has n − 1 hard ones for each pair, at most ``hard``:
    destinations that the source has no edge to, and whose rank by its walks' visits, a personalized PageRank,
    is in ``ranks``: more like it than others, less than what it is known to like (Ying et al., KDD 2018,
    section 3.3, who take ranks 2,000 to 5,000 of some billions). Walks are drawn anew each epoch.

    Attributes:
        negatives: how many a batch shares, and from which distribution they are drawn.
        hard: most hard negatives of a pair; 0 draws none.
        ranks: first, from 0, and behind the last, among the destinations that a source has no edge to.
        visits: the walks; ``top`` counts nodes of both types.
    """

    kind: Literal["hard_pairs"] = "hard_pairs"
    negatives: SerializeAsAny[Negatives] = Uniform(count=500)
    hard: int = Field(default=6, ge=0)
    ranks: tuple[int, int] = (20, 100)
    visits: VisitCounts = VisitCounts(steps=2000, restart=0.15, top=800)

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        relation = self._relation(view)
        first_src, first_dst = view.nodes[relation.src].start, view.nodes[relation.dst].start
        table = self.negatives.table(relation.reverse.degrees)
        rng, hard = np.random.default_rng([seed, epoch, 1]), min(epoch - 1, self.hard)
        ranked = self._ranked(view, relation, seed, epoch) if hard else None
        for _, src, columns in self._batches(view, batch_size, (seed, epoch)):
            shared = draw_entries(table, self.negatives.count, rng)
            yield Examples(
                torch.from_numpy(src.astype(np.int64) + first_src),
                torch.from_numpy(columns.astype(np.int64) + first_dst),
                torch.from_numpy(shared + first_dst),
                left_out=torch.from_numpy(known_among(relation.forward, src, shared)),
                hard=None
                if ranked is None
                else torch.from_numpy(draw_ranked(ranked, src, shared, hard, rng) + first_dst),
            )

    def _ranked(self, view: GraphView, relation: Relation, seed: int, epoch: int) -> I32:
        """Return the [sources, …] destinations that hard negatives are drawn from in an epoch."""
        starts = view.nodes[relation.src].start, view.nodes[relation.dst].start
        walks = int(np.random.SeedSequence([seed, epoch, 2]).generate_state(1)[0])
        adjacency = view.adjacency([relation.name])
        return ranked_destinations(adjacency, relation.forward, starts, self.ranks, self.visits, walks)
