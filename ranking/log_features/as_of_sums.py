"""Sums over the rows strictly before each row that have the same user, item or other group as it has."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray


@dataclass(frozen=True)
class AsOfSums:
    """Sums what each row's group did strictly earlier; rows of one moment do not see each other.

    Attributes:
        order: [n] the rows, sorted by group, then by time.
        first: [n] of each sorted row, the position at which its group begins.
        end: [n] of each sorted row, the position at which its moment begins: its earlier rows stand from
            ``first`` to before ``end``.
    """

    order: I64
    first: I64
    end: I64

    @classmethod
    def of(cls, group: I64, time: I64) -> "AsOfSums":
        """Return the sums of n rows, each with the code of its group and a time."""
        order = np.lexsort((time, group)).astype(np.int64)
        begins = _differs_from_previous(group[order])
        moment_begins = begins | _differs_from_previous(time[order])
        return cls(order, _run_starts(begins), _run_starts(moment_begins))

    def count(self) -> I64:
        """Return [n] how many earlier rows each row has."""
        return self._in_row_order(self.end - self.first)

    def sum(self, values: I64) -> I64:
        """Return [n] the sum of integers over each row's earlier rows, which is exact."""
        running = np.concatenate([[0], np.cumsum(values[self.order])])
        return self._in_row_order(running[self.end] - running[self.first])

    def last(self, values: I64) -> I64:
        """Return [n] the value of each row's newest earlier row, or the row's own where it has none."""
        newest = np.where(self.end > self.first, self.end - 1, np.arange(len(self.order)))
        return self._in_row_order(values[self.order[newest]])

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
