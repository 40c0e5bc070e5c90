"""The events that count for a row of a log, gathered from a walk."""

import numpy as np

from embedding_features.arrays import I64, Bool
from embedding_features.fresh.walk import Walk, first_kept
from embedding_features.jit import jit

#: microseconds of a day
MICROS_A_DAY = 86_400_000_000
#: an event loses this share of its weight a day (PinnerSage, Pal et al., KDD 2020, section 4)
DECAY_A_DAY = 0.01


@jit()
def gather_events(
    walk: Walk, at: int, begin: int, end: int, first: int, known: Bool, events: I64, entries: I64
) -> int:
    """Gather the events that count among the places from ``begin`` to ``end``, the oldest first.

    They are the last ones, of several of one pair the last, whose other node is known. Those of one moment
    come by their rows in the snapshot's table, so that nothing hangs on how ids were numbered.

    Args:
        walk: the log.
        at: the snapshot that the row sees.
        begin: the node's first place.
        end: place where the events strictly before the row end.
        first: where the rows of the snapshot begin in ``known``.
        known: [r] rows whose events count.
        events: [at least end - begin] written to: row of each event in the log.
        entries: likewise its other node's row in ``known``.

    Returns:
        How many there are.
    """
    count = 0
    for place in range(first_kept(walk, begin, end), end):
        event = walk.order[place]
        entry = walk.entry[at, walk.other[event]]
        if entry < 0 or walk.following[place] < end or not known[first + entry]:
            continue
        entry += first
        slot = count
        while slot > 0 and entries[slot - 1] > entry:
            if walk.time[events[slot - 1]] != walk.time[event]:
                break
            events[slot], entries[slot] = events[slot - 1], entries[slot - 1]
            slot -= 1
        events[slot], entries[slot] = event, entry
        count += 1
    return count


@jit()
def recency(age: int) -> float:
    """Return the weight of an event of an age in µs: e^(-λ days)."""
    return float(np.exp(-DECAY_A_DAY * age / MICROS_A_DAY))
