"""Lists of rows, one for each query."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import I64


@dataclass(frozen=True)
class RowLists:
    """Holds a list of ascending rows for each of q queries.

    Attributes:
        indptr: [q + 1] query i has ``rows[indptr[i]:indptr[i + 1]]``.
        rows: the rows of all queries, one after the other.
    """

    indptr: I64
    rows: I64

    @classmethod
    def of(cls, keys: I64, queries: int, size: int) -> "RowLists":
        """Make the lists from ``keys`` = query · size + row, in any order, repeated or not."""
        keys = np.unique(keys)
        return cls(np.searchsorted(keys, np.arange(queries + 1) * size), keys % size)

    @property
    def counts(self) -> I64:
        """[q] number of rows of each query."""
        return np.diff(self.indptr)

    def select(self, queries: I64) -> "RowLists":
        """Return the lists of some queries, in the order given."""
        counts = self.counts[queries]
        indptr = np.concatenate([[0], np.cumsum(counts)])
        at = np.repeat(self.indptr[queries] - indptr[:-1], counts) + np.arange(indptr[-1])
        return RowLists(indptr, self.rows[at])
