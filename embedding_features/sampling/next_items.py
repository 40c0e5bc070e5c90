"""Sampling of what sources did next."""

from typing import Literal

import numpy as np

from embedding_features.arrays import I64, positions_in_runs
from embedding_features.graph.sequences import Sequences
from embedding_features.sampling.of_histories import OfHistories


class NextItems(OfHistories):
    """Asks, after each event of a history, for the source's next one.

    Kang & McAuley, ICDM 2018, section III.E. What happened at one moment is asked for after the last event
    strictly before it.
    """

    kind: Literal["next_items"] = "next_items"

    def _anchors(
        self, events: Sequences, begins: I64, of: I64, rng: np.random.Generator
    ) -> tuple[I64, I64, I64]:
        del rng
        counts = events.indptr[of + 1] - begins
        rows = np.repeat(np.arange(len(of)), counts)
        targets = begins[rows] + positions_in_runs(counts)
        before = events.moment_begins()[targets]
        known = before > begins[rows]
        return rows[known], before[known] - 1, targets[known]
