"""The nodes that have edges: only they get parameters in a network."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.views import BipartiteView


@dataclass(frozen=True)
class ActiveRows:
    """The nodes of a view that have an edge, in vocabulary order.

    Attributes:
        src: [active sources] int64 vocabulary rows.
        dst: [active destinations] int64 vocabulary rows.
    """

    src: I64
    dst: I64

    @classmethod
    def of(cls, view: BipartiteView) -> "ActiveRows":
        """Return the active rows of ``view``."""
        return cls(np.flatnonzero(view.forward.degrees), np.flatnonzero(view.reverse.degrees))

    def compact(self, view: BipartiteView) -> BipartiteView:
        """Return ``view`` over these nodes alone; it must have no edge of another node."""
        forward = _compact(view.forward, self.src, self.dst)
        reverse = _compact(view.reverse, self.dst, self.src)
        return BipartiteView(view.relation, view.src_type, view.dst_type, forward, reverse)


def _compact(csr: CSR, rows: I64, columns: I64) -> CSR:
    """Return the matrix [rows, columns] that is left of ``csr``."""
    if len(rows) == csr.rows and len(columns) == csr.columns:
        return csr
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(csr.degrees[rows])])
    new_column = np.full(csr.columns, -1, np.int32)
    new_column[columns] = np.arange(len(columns), dtype=np.int32)
    return CSR(indptr, new_column[csr.indices], len(columns), csr.weight, csr.time)
