"""Weighted draws among the members of a group who are born by the time of the draw."""

import numpy as np

from embedding_features.arrays import F64, I64, AnyArray
from embedding_features.jit import jit


@jit()
def _end(first: I64, warm: I64, born: I64, group: int, time: int) -> int:
    """Return one past the last entry of ``group`` born by ``time``; those before ``warm`` are born at 0."""
    low, high = int(warm[group]), int(first[group + 1])
    while low < high:
        middle = (low + high) // 2
        if born[middle] <= time:
            low = middle + 1
        else:
            high = middle
    return low


@jit()
def _totals(sums: F64, first: I64, warm: I64, born: I64, group: I64, time: I64) -> F64:
    out = np.empty(len(group))
    for row in range(len(group)):
        end = _end(first, warm, born, group[row], time[row])
        out[row] = sums[end] - sums[first[group[row]]]
    return out


@jit()
def _draws(
    sums: F64, guide: I64, first: I64, warm: I64, born: I64, group: I64, time: I64, uniform: F64
) -> I64:
    out = np.empty(len(group), dtype=np.int64)
    scale = (len(guide) - 1) / sums[-1]
    for row in range(len(group)):
        begin = first[group[row]]
        end = _end(first, warm, born, group[row], time[row])
        at_sum = sums[begin] + uniform[row] * (sums[end] - sums[begin])
        at = min(max(guide[int(at_sum * scale)], begin), end - 1)
        # the guide may point one too far where at_sum * scale was rounded up
        while at > begin and sums[at] > at_sum:
            at -= 1
        while at < end - 1 and sums[at + 1] <= at_sum:
            at += 1
        out[row] = at
    return out


class Pool:
    """Draws members of groups by weight; each draw sees only the members born by its own time.

    Entries are ordered by group, then birth, so that those born by a time are a stretch of one running sum of
    weights, and a draw is a search in that sum, without rejection. A guide table (Chen and Asau, AIIE
    Transactions 6(2), 1974) starts the search where it ends, but for one step on average.

    Args:
        group: [n] group of each entry, from 0; every group has an entry born at 0.
        born: [n] time of birth, ≥ 0.
        weight: [n] positive.
        member: [n] what a draw returns.
    """

    def __init__(self, group: AnyArray, born: I64, weight: F64, member: I64) -> None:
        order = np.lexsort((born, group))
        counts = np.bincount(group)
        self._born = born[order]
        self._first = np.concatenate([[0], np.cumsum(counts)])
        self._warm = self._first[:-1] + np.bincount(group[born == 0], minlength=len(counts))
        self._member = member[order]
        self._sums = np.concatenate([[0.0], np.cumsum(weight[order])])
        marks = np.linspace(0, self._sums[-1], len(order) + 1)
        self._guide = np.searchsorted(self._sums, marks, side="right") - 1

    def total(self, group: AnyArray, time: I64) -> F64:
        """Return the [m] weights of the members of ``group`` born by ``time``, elementwise."""
        total: F64 = _totals(self._sums, self._first, self._warm, self._born, _whole(group), time)
        return total

    def draw(self, group: AnyArray, time: I64, uniform: F64) -> I64:
        """Return [m] members, each of its ``group`` and born by its ``time``, drawn by weight.

        Args:
            group: [m] the groups to draw from.
            time: [m] the times of the draws.
            uniform: [m] random numbers in [0, 1), which decide the draws.
        """
        at = _draws(
            self._sums, self._guide, self._first, self._warm, self._born, _whole(group), time, uniform
        )
        drawn: I64 = self._member[at]
        return drawn


def _whole(group: AnyArray) -> I64:
    return group.astype(np.int64, copy=False)
