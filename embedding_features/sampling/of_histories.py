"""What samplers of histories share."""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from embedding_features.arrays import I64
from embedding_features.errors import GraphError
from embedding_features.graph.sequences import EventsOf, Sequences, sequences
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples, Histories, Sampler
from embedding_features.sampling.known_pairs import known_pairs


class OfHistories(Sampler):
    """Draws every history once in an epoch, in random order, with several anchors each.

    A batch is of ``batch_size`` histories. An anchor knows the events up to a place in its history, and is
    asked for an event that is strictly later. Of a longer history the last ``length`` events are read.

    Attributes:
        of: whether events are the edges of the view's first relation, or of all, between the same node types.
        length: events that an anchor may look back on.
        count: a batch shares its targets and so many items drawn evenly, each with how often it is expected
            there (logQ), without what a source is known to have an edge to and is not asked for; None: it
            shares all items.
    """

    of: EventsOf = "first"
    length: int = Field(default=50, ge=1)
    count: int | None = Field(default=None, ge=0)

    def steps(self, view: GraphView, batch_size: int) -> int:
        """Return the number of batches; the last may be smaller."""
        return -(-len(_asked(self._events(view))) // batch_size)

    def epoch(self, view: GraphView, batch_size: int, *, seed: int, epoch: int) -> Iterator[Examples]:
        """Yield the batches of one epoch."""
        events, relation = self._events(view), view.relation()
        ends = events.moment_begins()[events.indptr[1:] - 1]  # where the events before the last moment end
        begins = np.maximum(events.indptr[:-1], ends - self.length)
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(_asked(events))
        for start in range(0, len(order), batch_size):
            of = order[start : start + batch_size]
            rows, anchors, targets = self._anchors(events, begins[of], of, rng)
            windows = events.windows(begins[of], ends[of], self.length)
            places = anchors - ends[of][rows] + self.length
            src, dst = of[rows] + view.nodes[relation.src].start, events.items[targets]
            shared, chances, left_out = self._shared(view, events, src, dst, rng)
            yield Examples(
                torch.from_numpy(src),
                torch.from_numpy(dst),
                shared,
                chances=chances,
                left_out=left_out,
                histories=Histories(*map(torch.from_numpy, (*windows, rows, places))),
            )

    @abstractmethod
    def _anchors(
        self, events: Sequences, begins: I64, of: I64, rng: np.random.Generator
    ) -> tuple[I64, I64, I64]:
        """Return the anchors of a batch: [n] its history, the last event that it knows, and its target.

        Args:
            events: of all sources.
            begins: [histories] first event of each that may be known.
            of: [histories] their sources.
            rng: of this epoch.
        """

    def _shared(
        self, view: GraphView, events: Sequences, src: I64, dst: I64, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Return the nodes that a batch shares, their chances, and what is left out (:class:`.Examples`)."""
        relation = view.relation()
        start, items = view.nodes[relation.dst].start, len(view.nodes[relation.dst].rows)
        if self.count is None:
            nothing = torch.empty((2, 0), dtype=torch.int64)
            return torch.arange(start, start + items), None, nothing
        shared = np.concatenate([dst - start, rng.integers(0, items, self.count)])
        popular = np.bincount(events.items - start, minlength=items) / len(events.items)
        chances = len(dst) * popular[shared] + self.count / items
        sources = (src - view.nodes[relation.src].start).astype(np.int32)
        rows, columns = known_pairs(relation.forward, sources, shared)
        others = shared[columns] != (dst - start)[rows]
        return (
            torch.from_numpy(shared + start),
            torch.from_numpy(chances.astype(np.float32)),
            torch.from_numpy(np.stack([rows[others], columns[others]])),
        )

    def _events(self, view: GraphView) -> Sequences:
        first = view.matrix()
        if first.forward.time is None:
            raise GraphError(
                f"relation {first.name!r} has no times, and its histories no order",
                fix="name a timestamp in the schema, or take a method that reads sets",
            )
        return sequences(view, self.of)


def _asked(events: Sequences) -> I64:
    """Return the sources with events at two moments or more.

    Raises:
        GraphError: when there are none.
    """
    there = np.flatnonzero(events.counts)
    first, last = events.indptr[there], events.indptr[there + 1] - 1
    asked: I64 = there[events.times[first] < events.times[last]]
    if len(asked) == 0:
        raise GraphError("no source has events at two moments", fix="choose a later moment")
    return asked
