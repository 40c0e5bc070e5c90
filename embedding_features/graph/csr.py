"""Compressed sparse rows with weight and time: one direction of one relation."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.errors import GraphError


@dataclass(frozen=True)
class CSR:
    """Edges grouped by source row; within a row sorted by destination, then time.

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
        return len(self.indptr) - 1

    @property
    def edges(self) -> int:
        return len(self.indices)

    @property
    def degrees(self) -> I64:
        """[rows] int64 number of edges of each row."""
        return np.diff(self.indptr)

    def sources(self) -> I32:
        """[edges] int32 source row of each edge (the COO expansion)."""
        return np.repeat(np.arange(self.rows, dtype=np.int32), self.degrees)

    def weights(self) -> F32:
        """[edges] float32 weights, ones where the relation has none."""
        return np.ones(self.edges, np.float32) if self.weight is None else self.weight

    @classmethod
    def from_edges(
        cls,
        src: I32 | I64,
        dst: I32 | I64,
        shape: tuple[int, int],
        weight: F32 | None = None,
        time: I64 | None = None,
    ) -> "CSR":
        """Sort edge arrays into rows. Duplicates are kept.

        Raises:
            GraphError: when the arrays differ in length or an index lies outside ``shape``.
        """
        lengths = {len(a) for a in (src, dst, weight, time) if a is not None}
        if len(lengths) > 1:
            raise GraphError(f"edge arrays have different lengths {sorted(lengths)}")
        for name, index, size in (("src", src, shape[0]), ("dst", dst, shape[1])):
            if len(index) and (index.min() < 0 or index.max() >= size):
                raise GraphError(f"{name} index {int(index.min())}..{int(index.max())} outside 0..{size - 1}")
        keys = (dst, src) if time is None else (time, dst, src)
        order = np.lexsort(keys)
        indptr = np.zeros(shape[0] + 1, np.int64)
        np.cumsum(np.bincount(src, minlength=shape[0]), out=indptr[1:])
        return cls(
            indptr,
            dst[order].astype(np.int32),
            shape[1],
            None if weight is None else weight[order].astype(np.float32),
            None if time is None else time[order],
        )
