"""Sampling of queries: a source and a relation, with all their known targets."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field

from embedding_features.arrays import F32, I64, positions_in_runs
from embedding_features.graph.triples import QueryAnswers
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples, Sampler
from embedding_features.sampling.target_types import batches_by_type, target_types


class Queries(Sampler):
    """Draws every query of every relation, and of its reciprocal, once in an epoch, in random order.

    A query, a source and a relation, comes with all its known targets and is scored once: that saves most of
    the work where a source has many edges of one relation. The candidates of a batch are its own targets
    and nodes drawn evenly, shared by all its queries. A batch has targets of one node type alone.

    Attributes:
        candidates: nodes drawn for a batch; None takes all nodes of the targets' type (1-vs-all).
    """

    kind: Literal["queries"] = "queries"
    candidates: int | None = Field(default=2048, ge=1)

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches, of at most ``batch_size`` queries each."""
        known = _answers(view)
        target = target_types(view)[known.relation]
        return int(sum(-(-count // batch_size) for count in np.unique(target, return_counts=True)[1]))

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        known, rng = _answers(view), np.random.default_rng([seed, epoch])
        target = target_types(view)[known.relation]
        types = list(view.nodes)
        chances = self._chances(view, known, target, batch_size)
        for number, queries in batches_by_type(target, len(types), batch_size, rng):
            yield self._examples(known, queries, view.span(types[number]), chances, rng)

    def _chances(self, view: GraphView, known: QueryAnswers, target: I64, batch_size: int) -> F32 | None:
        """Return the [nodes] chance of each to be among the candidates of a batch; None of all nodes."""
        if self.candidates is None:
            return None
        queries = np.bincount(target, minlength=len(view.nodes))
        drawn = np.bincount(known.indices, minlength=view.size) * float(batch_size)  # as targets of its type
        for number, node_type in enumerate(view.nodes):
            span = view.span(node_type)
            drawn[span] /= max(queries[number], 1)
            drawn[span] += self.candidates / (span.stop - span.start)
        chances: F32 = (1 - np.exp(-drawn)).astype(np.float32)
        return chances

    def _examples(
        self,
        known: QueryAnswers,
        queries: I64,
        span: slice,
        chances: F32 | None,
        rng: np.random.Generator,
    ) -> Examples:
        starts, stops = known.indptr[queries], known.indptr[queries + 1]
        of = np.repeat(np.arange(len(queries)), stops - starts)
        dst = known.indices[starts[of] + positions_in_runs(stops - starts)].astype(np.int64)
        if self.candidates is None or chances is None:
            shared, chance = np.arange(span.start, span.stop), None
        else:
            shared = np.unique(np.concatenate([dst, rng.integers(span.start, span.stop, self.candidates)]))
            chance = torch.from_numpy(chances[shared])
        rows = (known.src[queries], dst, shared, known.relation[queries])
        src, dst_rows, negatives, relation = (torch.from_numpy(array) for array in rows)
        return Examples(src, dst_rows, negatives, relation, of=torch.from_numpy(of), chances=chance)


def _answers(view: GraphView) -> QueryAnswers:
    count = len(view.relations)
    return QueryAnswers.of(view.triples().with_inverses(count), view.size, 2 * count)
