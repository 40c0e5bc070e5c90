"""Sampling of triples of all relations, with negatives that a batch shares."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from embedding_features.arrays import F64, I64
from embedding_features.graph.triples import TripleArrays
from embedding_features.graph.view import GraphView
from embedding_features.sampling.alias_draws import draw_entries
from embedding_features.sampling.alias_table import alias_table
from embedding_features.sampling.base import Examples, Sampler
from embedding_features.sampling.negatives import Popularity
from embedding_features.sampling.target_types import batches_by_type, target_types


class Triples(Sampler):
    """Draws every edge of every relation once in an epoch, and once from its other side, in random order.

    From its other side an edge is of the reciprocal relation k + r. A batch has targets of one node type,
    and shares its negatives: nodes drawn by d^alpha, d the number of their edges, and, with ``in_batch``, the
    targets of the batch's other edges (El-Kishky et al., TwHIN, KDD 2022, section 4.2). Few negatives teach
    more where parts of the batch have their own (Lerer et al., PyTorch-BigGraph, SysML 2019, section 4.3).

    Attributes:
        count: nodes drawn for a batch, or for each of its chunks.
        chunks: parts of a batch that share drawn nodes, of two edges or more.
        alpha: 1 draws by the number of edges, 0 evenly.
        in_batch: whether the targets of a batch are negatives of its other edges.
    """

    kind: Literal["triples"] = "triples"
    count: int = Field(default=512, ge=0)
    chunks: int = Field(default=1, ge=1)
    alpha: float = Field(default=0.75, ge=0)
    in_batch: bool = True

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches."""
        types = target_types(view)[_both_sides(view).relation]
        return int(sum(-(-count // batch_size) for count in np.unique(types, return_counts=True)[1]))

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        triples, rng = _both_sides(view), np.random.default_rng([seed, epoch])
        types = target_types(view)[triples.relation]
        tables = self._tables(view, triples)
        for number, rows in batches_by_type(types, len(view.nodes), batch_size, rng):
            span = view.span(list(view.nodes)[number])
            dst = triples.dst[rows]
            negatives = self._negatives(dst, span.start, tables[number], rng)
            columns = (triples.src[rows], dst, negatives, triples.relation[rows])
            yield Examples(*(torch.from_numpy(column) for column in columns))  # type: ignore[arg-type]

    def _negatives(self, dst: I64, start: int, table: tuple[F64, I64], rng: np.random.Generator) -> I64:
        """Return the [count] negatives of a batch, or the [chunks, count] of its chunks."""
        chunks = max(1, min(self.chunks, len(dst) // 2))
        drawn = start + draw_entries(table, chunks * self.count, rng).reshape(chunks, self.count)
        if self.in_batch:
            drawn = np.concatenate([np.broadcast_to(dst, (chunks, len(dst))), drawn], axis=1)
        return drawn[0] if chunks == 1 else drawn

    def _tables(self, view: GraphView, triples: TripleArrays) -> list[tuple[F64, I64]]:
        """Return the alias table of each node type."""
        degrees = np.bincount(triples.dst, minlength=view.size)
        weights = Popularity(alpha=self.alpha).weights(degrees)
        return [alias_table(weights[view.span(node_type)]) for node_type in view.nodes]


def _both_sides(view: GraphView) -> TripleArrays:
    return view.triples().with_inverses(len(view.relations))
