"""The newest likes of nodes at some moments, as windows that a network reads."""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import I64
from embedding_features.fresh.history import gather_events
from embedding_features.fresh.walk import Walk, first_kept
from embedding_features.jit import jit


class Readings(NamedTuple):
    """Says whose events are read, and until when.

    Attributes:
        node: [n] codes of nodes, which need not be distinct.
        end: [n] place where the events that count end.
    """

    node: I64
    end: I64


@jit()
def longest(walk: Walk, read: Readings) -> int:
    """Return the most events that count for a reading."""
    most = 0
    for n in range(len(read.node)):
        most = max(most, read.end[n] - first_kept(walk, walk.begin[read.node[n]], read.end[n]))
    return most


@jit()
def fill_windows(walk: Walk, at: int, read: Readings, like: float, items: I64, times: I64) -> None:
    """Write the newest likes of each reading into windows, the last in the last column.

    Args:
        walk: the log.
        at: the snapshot whose rows items have.
        read: whose events.
        like: an event of a value above it is a like.
        items: [n, length] written to; what is before a window stays as it is.
        times: likewise.
    """
    length, most = items.shape[1], np.max(read.end - walk.begin[read.node])
    events, entries = np.empty(most, np.int64), np.empty(most, np.int64)
    known = np.ones(np.max(walk.entry[at]) + 1, np.bool_)
    for n in range(len(read.node)):
        begin, end, column = walk.begin[read.node[n]], read.end[n], length
        for place in range(gather_events(walk, at, begin, end, 0, known, events, entries) - 1, -1, -1):
            if column > 0 and walk.value[events[place]] > like:
                column -= 1
                items[n, column], times[n, column] = entries[place], walk.time[events[place]]
