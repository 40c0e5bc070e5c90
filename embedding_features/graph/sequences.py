"""What each source did, in the order of time."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from embedding_features.arrays import I64
from embedding_features.errors import GraphError
from embedding_features.graph.view import GraphView

#: whose edges are events: those of a view's first relation, or of all its relations
EventsOf = Literal["first", "all"]


class Windows(NamedTuple):
    """Holds parts of histories, one a row, which end in the last column; before them is padding.

    Attributes:
        items: [n, length] rows of the view, -1 in padding.
        actions: [n, length] numbers of relations, 0 in padding.
        times: [n, length] µs, 0 in padding.
    """

    items: I64
    actions: I64
    times: I64


@dataclass(frozen=True)
class Sequences:
    """Holds events of sources: those of one source by time, those of one time by action and item.

    Attributes:
        indptr: [sources + 1] where the events of each source begin.
        items: [events] rows of the view.
        actions: [events] numbers of the view's relations.
        times: [events] µs; all 0 where the relations have no times.
    """

    indptr: I64
    items: I64
    actions: I64
    times: I64

    @property
    def counts(self) -> I64:
        """The [sources] numbers of events."""
        return np.diff(self.indptr)

    def sources(self) -> I64:
        """Return [events] the source of each event."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def moment_begins(self) -> I64:
        """Return [events] the first event of each one's moment: all of its source before it are earlier."""
        return self._moments[0]

    def moment_ends(self) -> I64:
        """Return [events] the event after the last of each one's moment: from there on all are later."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[I64, I64]:
        sources = self.sources()
        new = np.ones(len(sources), np.bool_)
        new[1:] = (sources[1:] != sources[:-1]) | (self.times[1:] != self.times[:-1])
        first = np.flatnonzero(new)
        moment = np.cumsum(new) - 1
        return first[moment], np.append(first[1:], len(new))[moment]

    def windows(self, begins: I64, ends: I64, length: int) -> Windows:
        """Return the last ``length`` events of parts of histories.

        Args:
            begins: [n] first event of each part.
            ends: [n] the event after its last.
            length: columns.
        """
        events = ends[:, None] + np.arange(-length, 0)
        there = events >= begins[:, None]
        events = np.where(there, events, 0)
        columns = (np.append(c, 0)[events] for c in (self.items, self.actions, self.times))
        return Windows(*(np.where(there, c, pad) for c, pad in zip(columns, (-1, 0, 0), strict=True)))

    def last(self, length: int) -> "Sequences":
        """Return the last ``length`` events of each source."""
        kept = np.arange(len(self.items)) >= np.repeat(self.indptr[1:] - length, self.counts)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.minimum(self.counts, length))])
        return Sequences(indptr, self.items[kept], self.actions[kept], self.times[kept])


def sequences(view: GraphView, of: EventsOf = "first") -> Sequences:
    """Return the histories of the first relation's sources.

    Args:
        view: whose edges are the events.
        of: whether those of the first relation alone, or of all.

    Raises:
        GraphError: when relations join other node types than the first, or only some have times.
    """
    first = view.matrix()
    chosen = [first] if of == "first" else list(view.relations.values())
    timed = [r.forward.time is not None for r in chosen]
    if len({(r.src, r.dst) for r in chosen}) > 1 or any(timed) != all(timed):
        raise GraphError(
            f"{', '.join(r.name for r in chosen)} are no histories: other node types, or some without times",
            fix=f"name relations from {first.src} to {first.dst}, with timestamps in the schema",
        )
    numbers = {name: number for number, name in enumerate(view.relations)}
    source = np.concatenate([r.forward.sources() for r in chosen]).astype(np.int64)
    item = np.concatenate([view.nodes[r.dst].start + r.forward.indices.astype(np.int64) for r in chosen])
    action = np.repeat([numbers[r.name] for r in chosen], [r.forward.edges for r in chosen])
    time = np.concatenate([_times(r.forward.time, r.forward.edges) for r in chosen])
    order = np.lexsort((item, action, time, source))
    counts = np.bincount(source, minlength=chosen[0].forward.rows)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Sequences(indptr, item[order], action[order], time[order])


def _times(time: I64 | None, edges: int) -> I64:
    return np.zeros(edges, np.int64) if time is None else time
