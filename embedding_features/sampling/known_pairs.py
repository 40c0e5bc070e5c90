"""Which of a batch's shared negatives are known positives of its pairs."""

import numba
import numpy as np

from embedding_features.arrays import I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.jit import jit


def known_pairs(known: CSR, src: I32, shared: I64) -> tuple[I64, I64]:
    """Return all pairs (row, column) where an edge of ``known`` leads from src[row] to shared[column].

    Args:
        known: [sources, destinations] edges, one for each pair.
        src: [batch] rows of ``known``.
        shared: [n] destinations, which may repeat.

    Returns:
        [pairs] int64 rows, ascending, and [pairs] int64 columns.
    """
    order = np.argsort(shared, kind="stable")
    begins = np.searchsorted(shared[order], np.arange(known.columns + 1))
    counts = _count(known.indptr, known.indices, src, begins)
    ends = np.cumsum(counts)
    columns = np.empty(ends[-1] if len(ends) else 0, np.int64)
    _fill(known.indptr, known.indices, src, begins, order, ends - counts, columns)
    return np.repeat(np.arange(len(src)), counts), columns


@jit(parallel=True)
def _count(indptr: I64, indices: I32, src: I32, begins: I64) -> I64:
    counts = np.zeros(len(src), np.int64)
    for row in numba.prange(len(src)):
        count = 0
        for e in range(indptr[src[row]], indptr[src[row] + 1]):
            count += begins[indices[e] + 1] - begins[indices[e]]
        counts[row] = count
    return counts


@jit(parallel=True)
def _fill(indptr: I64, indices: I32, src: I32, begins: I64, order: I64, firsts: I64, columns: I64) -> None:
    for row in numba.prange(len(src)):
        at = firsts[row]
        for e in range(indptr[src[row]], indptr[src[row] + 1]):
            for place in range(begins[indices[e]], begins[indices[e] + 1]):
                columns[at] = order[place]
                at += 1
