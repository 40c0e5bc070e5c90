"""Some rows, or some columns, of a sparse matrix."""

import numba
import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.jit import jit


def take_rows(csr: CSR, rows: I64) -> CSR:
    """Return the [n, columns] matrix of [n] rows, in their order, without times."""
    indptr = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(csr.indptr[rows + 1] - csr.indptr[rows], out=indptr[1:])
    indices, weight = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    _copy_rows(csr.indptr, csr.indices, csr.weights(), rows, indptr, indices, weight)
    return CSR(indptr, indices, csr.columns, weight)


def take_columns(csr: CSR, columns: I64) -> CSR:
    """Return the [rows, n] matrix of [n] distinct columns, in their order, without times."""
    places = np.full(csr.columns, -1, np.int32)
    places[columns] = np.arange(len(columns), dtype=np.int32)
    indptr = np.zeros(csr.rows + 1, np.int64)
    np.cumsum(_count(csr.indptr, csr.indices, places), out=indptr[1:])
    indices, weight = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    _copy_columns(csr.indptr, csr.indices, csr.weights(), places, indptr, indices, weight)
    return CSR(indptr, indices, len(columns), weight)


@jit(parallel=True)
def _copy_rows(
    indptr: I64, indices: I32, weight: F32, rows: I64, begins: I64, to_indices: I32, to_weight: F32
) -> None:
    for k in numba.prange(len(rows)):
        first, count = indptr[rows[k]], begins[k + 1] - begins[k]
        to_indices[begins[k] : begins[k + 1]] = indices[first : first + count]
        to_weight[begins[k] : begins[k + 1]] = weight[first : first + count]


@jit(parallel=True)
def _count(indptr: I64, indices: I32, places: I32) -> I64:
    """Return how many entries of each row are in columns that have a place."""
    counts = np.zeros(len(indptr) - 1, np.int64)
    for row in numba.prange(len(counts)):
        count = 0
        for e in range(indptr[row], indptr[row + 1]):
            count += places[indices[e]] >= 0
        counts[row] = count
    return counts


@jit(parallel=True)
def _copy_columns(
    indptr: I64, indices: I32, weight: F32, places: I32, begins: I64, to_indices: I32, to_weight: F32
) -> None:
    for row in numba.prange(len(indptr) - 1):
        at = begins[row]
        for e in range(indptr[row], indptr[row + 1]):
            place = places[indices[e]]
            if place >= 0:
                to_indices[at], to_weight[at] = place, weight[e]
                at += 1
