"""Sums over the rows strictly before each row that have the same user, item or other group as it has."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray, Bool


@dataclass(frozen=True)
class AsOfSums:
    """Sums what each row's group did strictly earlier; rows of one moment do not see each other.

    Attributes:
        order: [n] the rows, sorted by group, then by time.
        first: [n] of each sorted row, the position at which its group begins.
        end: [n] of each sorted row, the position at which its moment begins: its earlier rows stand from
            ``first`` to before ``end``.
        counted: [n] which sorted rows are summed; others only see what is earlier.
    """

    order: I64
    first: I64
    end: I64
    counted: Bool

    @classmethod
    def of(cls, group: I64, time: I64, counted: Bool | None = None) -> "AsOfSums":
        """Return the sums of n rows, each with the code of its group and a time; None: all are counted."""
        order = np.lexsort((time, group)).astype(np.int64)
        begins = _differs_from_previous(group[order])
        moment_begins = begins | _differs_from_previous(time[order])
        counted = np.ones(len(order), np.bool_) if counted is None else counted[order]
        return cls(order, _run_starts(begins), _run_starts(moment_begins), counted)

    def count(self) -> I64:
        """Return [n] how many earlier rows each row has."""
        return self.sum(np.ones(len(self.order), np.int64))

    def sum(self, values: I64) -> I64:
        """Return [n] the sum of integers over each row's earlier rows, which is exact."""
        running = np.concatenate([[0], np.cumsum(np.where(self.counted, values[self.order], 0))])
        return self._in_row_order(running[self.end] - running[self.first])

    def last(self, values: I64) -> I64:
        """Return [n] the value of each row's newest earlier row, or the row's own where it has none."""
        place = np.arange(len(self.order))
        # of each position the newest counted row before it; -1 where none is
        before = np.concatenate([[-1], np.maximum.accumulate(np.where(self.counted, place, -1))])[self.end]
        return self._in_row_order(values[self.order[np.where(before >= self.first, before, place)]])

    def _in_row_order(self, sorted_values: AnyArray) -> I64:
        values = np.empty(len(sorted_values), np.int64)
        values[self.order] = sorted_values
        return values


def _differs_from_previous(values: AnyArray) -> AnyArray:
    """Return [n] whether each value differs from the one before it; the first one does."""
    return np.concatenate([np.ones(min(1, len(values)), np.bool_), values[1:] != values[:-1]])


def _run_starts(begins: AnyArray) -> I64:
    """Return [n] the position at which each position's run begins."""
    starts: I64 = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
    return starts


def in_millionths(values: F32 | F64) -> I64:
    """Return numbers as integers, half away from zero: sums of them are exact whatever their order."""
    scaled = 1e6 * values.astype(np.float64)
    rounded: I64 = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64)
    return rounded
