"""Whether pairs of nodes are joined."""

import numba
import numpy as np

from embedding_features.arrays import I32, I64, Bool
from embedding_features.jit import jit
from embedding_features.kernels import contains


@jit(parallel=True)
def has_edges(indptr: I64, indices: I32, rows: I64, columns: I64) -> Bool:
    """Return [n] whether there is an edge from each of [n] rows to its column.

    Args:
        indptr: of a :class:`.CSR`, columns ascending within a row.
        indices: of the same.
        rows: [n].
        columns: [n].
    """
    found = np.zeros(len(rows), np.bool_)
    for k in numba.prange(len(rows)):
        found[k] = contains(indices, indptr[rows[k]], indptr[rows[k] + 1], columns[k])
    return found
