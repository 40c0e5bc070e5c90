"""Sums over what came strictly before each row, of the same user or item or whatever groups them."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray


@dataclass(frozen=True)
class AsOfSums:
    """Rows sorted by group and time; rows of one moment are not in each other's past.

    Attributes:
        order: [n] the rows, sorted.
        first: [n] of each sorted row, the place where its group begins.
        end: [n] the place where its moment begins: its past is from ``first`` to before ``end``.
    """

    order: I64
    first: I64
    end: I64

    @classmethod
    def of(cls, group: I64, time: I64) -> "AsOfSums":
        """The pasts of n rows with a group code and a time each."""
        order = np.lexsort((time, group)).astype(np.int64)
        begins = _changes(group[order])
        return cls(order, _run_starts(begins), _run_starts(begins | _changes(time[order])))

    def count(self) -> I64:
        """[n] rows in each row's past."""
        return self._back(self.end - self.first)

    def sum(self, values: I64) -> I64:
        """[n] sum of integers over each row's past, exact."""
        running = np.concatenate([[0], np.cumsum(values[self.order])])
        return self._back(running[self.end] - running[self.first])

    def last(self, values: I64) -> I64:
        """[n] the value of the newest row in each row's past; the row's own where it has none."""
        place = np.where(self.end > self.first, self.end - 1, np.arange(len(self.order)))
        return self._back(values[self.order[place]])

    def _back(self, of_sorted: AnyArray) -> I64:
        found = np.empty(len(of_sorted), np.int64)
        found[self.order] = of_sorted
        return found


def _changes(values: AnyArray) -> AnyArray:
    """[n] whether a value differs from the one before; true of the first."""
    return np.concatenate([np.ones(min(1, len(values)), np.bool_), values[1:] != values[:-1]])


def _run_starts(begins: AnyArray) -> I64:
    """[n] where the run that a place is in begins."""
    starts: I64 = np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))
    return starts


def in_millionths(values: F32 | F64) -> I64:
    """Numbers as integers, half away from zero: sums of them are exact whatever their order."""
    scaled = 1e6 * values.astype(np.float64)
    rounded: I64 = np.trunc(scaled + np.copysign(0.5, scaled)).astype(np.int64)
    return rounded
