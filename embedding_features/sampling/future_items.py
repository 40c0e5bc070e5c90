"""Sampling of what sources did within a time."""

from typing import Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import I64, positions_in_runs
from embedding_features.graph.sequences import Sequences
from embedding_features.sampling.of_histories import OfHistories

_MICROS_A_DAY = 86_400_000_000


class FutureItems(OfHistories):
    """Asks, at random places of a history, for a random event of the time after it.

    The dense all-action loss of Pancha et al., PinnerFormer, KDD 2022, section 3.4.

    Attributes:
        days: for which the future lasts.
        events: next events that it lasts at most; None for as many as there are.
        anchors: places of a history, at most.
    """

    kind: Literal["future_items"] = "future_items"
    days: float = Field(default=28.0, gt=0)
    events: int | None = Field(default=None, ge=1)
    anchors: int = Field(default=32, ge=1)

    def _anchors(
        self, events: Sequences, begins: I64, of: I64, rng: np.random.Generator
    ) -> tuple[I64, I64, I64]:
        counts = events.indptr[of + 1] - begins
        rows = np.repeat(np.arange(len(of)), counts)
        places = begins[rows] + positions_in_runs(counts)
        first, last = self._future(events, places, events.indptr[of + 1][rows])
        open_ = np.flatnonzero(first < last)
        order = open_[np.lexsort((rng.random(len(open_)), rows[open_]))]
        chosen = np.sort(order[_positions(rows[order], len(of)) < self.anchors])
        targets = first[chosen] + rng.integers(0, last[chosen] - first[chosen])
        return rows[chosen], places[chosen], targets

    def _future(self, events: Sequences, places: I64, ends: I64) -> tuple[I64, I64]:
        """Return [n] where the future of each place begins and ends among the events."""
        times, ends_of = events.times[places], events.moment_ends()
        first = ends_of[places]
        last = np.minimum(ends, first + (self.events or len(events.items)))
        until = times + min(int(self.days * _MICROS_A_DAY), 2**62)
        low, high = first.copy(), last.copy()
        while (low < high).any():  # binary search in each history
            middle = (low + high) // 2
            late = events.times[np.minimum(middle, len(events.times) - 1)] > until
            open_ = low < high
            high = np.where(open_ & late, middle, high)
            low = np.where(open_ & ~late, middle + 1, low)
        return first, low


def _positions(rows: I64, count: int) -> I64:
    """Return the position of each entry among those of its row; rows ascend."""
    return positions_in_runs(np.bincount(rows, minlength=count))
