"""Compressed sparse rows with weight and time: one direction of one relation."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from embedding_features.arrays import F32, F64, I32, I64, AnyArray, Bool
from embedding_features.errors import GraphError
from embedding_features.graph import counting_sort

#: rows and columns are int32
MAX_NODES = 2**31 - 1


@dataclass(frozen=True)
class CSR:
    """Holds edges grouped by source row; within a row they are sorted by destination, then time, then weight.

    Attributes:
        indptr: [rows + 1] int64; the edges of row r are ``indptr[r]:indptr[r + 1]``.
        indices: [edges] int32 destination rows.
        weight: [edges] float32, or None for all ones.
        time: [edges] int64 microseconds since 1970-01-01 UTC, or None for a relation without time.
        columns: number of destination rows.
    """

    indptr: I64
    indices: I32
    columns: int
    weight: F32 | None = None
    time: I64 | None = None

    @property
    def rows(self) -> int:
        """The number of source rows."""
        return len(self.indptr) - 1

    @property
    def edges(self) -> int:
        """The number of edges."""
        return len(self.indices)

    @property
    def degrees(self) -> I64:
        """The [rows] int64 numbers of edges."""
        return np.diff(self.indptr)

    def sources(self) -> I32:
        """Return the [edges] int32 source row of each edge (the COO expansion)."""
        return np.repeat(np.arange(self.rows, dtype=np.int32), self.degrees)

    def weights(self) -> F32:
        """Return the [edges] float32 weights, ones where the relation has none."""
        return np.ones(self.edges, np.float32) if self.weight is None else self.weight

    def transposed(self) -> "CSR":
        """Return the same edges with the destinations as rows, ordered as stated above, in O(edges)."""
        arrays = counting_sort.transpose(*self._arrays(), self.columns)
        return self._like(self.rows, *arrays)

    def pairs(self) -> int:
        """Return the number of distinct (source, destination) pairs."""
        return int(counting_sort.count_pairs(self.indptr, self.indices))

    def merged(self, how: Literal["sum", "last"]) -> "CSR":
        """Return one edge for each pair, with its last time.

        Args:
            how: ``"sum"`` adds up the weights of a pair's edges, of which one without weight counts 1;
                ``"last"`` takes the last weight, the largest if several edges have the last time.

        Returns:
            Itself where no pair has two edges: nothing is copied.
        """
        if (pairs := self.pairs()) == self.edges:
            return self
        csr = replace(self, weight=self.weights()) if how == "sum" else self
        arrays = counting_sort.merge_pairs(*csr._arrays(), pairs, how == "sum")
        return csr._like(self.columns, *arrays)

    def kept(self, keep: Bool) -> "CSR":
        """Return the edges that ``keep`` [edges] marks."""
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(keep)])
        weight = None if self.weight is None else self.weight[keep]
        time = None if self.time is None else self.time[keep]
        return CSR(before[self.indptr], self.indices[keep], self.columns, weight, time)

    def scaled(self, row: F32 | F64, column: F32 | F64) -> "CSR":
        """Return the same edges, their weights times [rows] ``row`` and [columns] ``column``."""
        weight = self.weights() * row[self.sources()] * column[self.indices]
        return replace(self, weight=weight.astype(np.float32))

    def _arrays(self) -> tuple[I64, I32, I64, F32]:
        return self.indptr, self.indices, _or_empty(self.time, np.int64), _or_empty(self.weight, np.float32)

    def _like(self, columns: int, indptr: I64, indices: I32, time: I64, weight: F32) -> "CSR":
        return CSR(
            indptr,
            indices,
            columns,
            None if self.weight is None else weight,
            None if self.time is None else time,
        )

    @classmethod
    def from_edges(
        cls,
        src: I32 | I64,
        dst: I32 | I64,
        shape: tuple[int, int],
        weight: F32 | None = None,
        time: I64 | None = None,
    ) -> "CSR":
        """Build the CSR of edge arrays in O(edges). Duplicates are kept.

        Args:
            src: [edges] source rows.
            dst: [edges] destination rows.
            shape: numbers of rows and columns.
            weight: [edges], or None for all ones.
            time: [edges] µs since 1970 UTC, or None for edges without time.

        Raises:
            GraphError: when the arrays differ in length, an index lies outside ``shape``, or ``shape`` is
                beyond int32.

        Example:
            >>> import numpy as np
            >>> csr = CSR.from_edges(src=np.array([1, 0, 1]), dst=np.array([2, 0, 1]), shape=(2, 3))
            >>> csr.indptr.tolist(), csr.indices.tolist()
            ([0, 1, 3], [0, 1, 2])
        """
        _check_edges(src, dst, shape, weight, time)
        by_dst = counting_sort.group(
            np.ascontiguousarray(dst, np.int32),
            np.ascontiguousarray(src, np.int32),
            _or_empty(time, np.int64),
            _or_empty(weight, np.float32),
            shape[1],
        )
        has_weight, has_time = weight is not None, time is not None
        del src, dst, weight, time  # whoever handed them over has half the memory back before the next sort
        indptr, indices, times, weights = counting_sort.transpose(*by_dst, shape[0])
        counting_sort.sort_ties(indptr, indices, times, weights)
        return cls(indptr, indices, shape[1], weights if has_weight else None, times if has_time else None)


def _or_empty(array: AnyArray | None, dtype: type) -> AnyArray:
    return np.empty(0, dtype) if array is None else np.ascontiguousarray(array, dtype)


def _check_edges(
    src: I32 | I64, dst: I32 | I64, shape: tuple[int, int], weight: F32 | None, time: I64 | None
) -> None:
    lengths = {len(a) for a in (src, dst, weight, time) if a is not None}
    if len(lengths) > 1:
        raise GraphError(f"edge arrays have different lengths {sorted(lengths)}")
    if max(shape) > MAX_NODES:
        raise GraphError(f"{max(shape)} nodes of one type; at most {MAX_NODES} fit")
    for name, index, size in (("src", src, shape[0]), ("dst", dst, shape[1])):
        if len(index) and (index.min() < 0 or index.max() >= size):
            raise GraphError(f"{name} index {int(index.min())}..{int(index.max())} outside 0..{size - 1}")
