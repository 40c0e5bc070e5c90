"""Ranking of candidates by exact scores."""

import threading

import numba
import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.jit import jit

#: numba's fallback threading layer may not be entered from two threads at once
ONE_AT_A_TIME = threading.Lock()
#: multiplications below which waking threads takes longer than they save
_ALONE = 1 << 19


@jit()
def contains(rows: I64, start: int, stop: int, row: int) -> bool:
    """Return whether ascending ``rows[start:stop]`` hold ``row``."""
    end = stop
    while start < stop:
        middle = (start + stop) >> 1
        if rows[middle] < row:
            start = middle + 1
        else:
            stop = middle
    return start < end and rows[start] == row


@jit(fastmath=True)
def _score(query: F32, vector: F32, l2: bool) -> np.float32:
    """Return the score, summed in float64: equal vectors have equal scores, whatever search found them."""
    total = 0.0
    if l2:
        for i in range(len(query)):
            gap = np.float64(query[i]) - np.float64(vector[i])
            total -= gap * gap
    else:
        for i in range(len(query)):
            total += np.float64(query[i]) * np.float64(vector[i])
    return np.float32(total)


def rank(
    queries: F32, vectors: F32, l2: bool, pointers: I64, candidates: I64, indptr: I64, denied: I64, k: int
) -> tuple[I64, F32]:
    """Return the k best candidates of each query by exact score, best first, ties in ascending order of row.

    Args:
        queries: [q, d] float32.
        vectors: [n, d] float32.
        l2: score is minus the squared distance instead of the dot product.
        pointers: [q + 1] where the candidates of each query begin.
        candidates: [x] rows that each query may find, each once, in any order; -1 is none.
        indptr: [q + 1] where the denied rows of each query begin.
        denied: [y] each query's denied rows, ascending.
        k: rows wanted of each.

    Returns:
        [q, k] int64 rows, -1 where there are fewer than k, and [q, k] float32 scores, -inf there.
    """
    best = np.full((len(queries), k), -1, np.int64)
    value = np.full((len(queries), k), -np.inf, np.float32)
    arrays = (queries, vectors, l2, pointers, candidates, indptr, denied)
    if len(candidates) * queries.shape[1] <= _ALONE:
        _rank(*arrays, 0, len(queries), best, value)
    else:
        with ONE_AT_A_TIME:
            _rank_in_parts(*arrays, best, value)
    return best, value


@jit(parallel=True)
def _rank_in_parts(
    queries: F32,
    vectors: F32,
    l2: bool,
    pointers: I64,
    candidates: I64,
    indptr: I64,
    denied: I64,
    best: I64,
    value: F32,
) -> None:
    """Rank the candidates of all queries, shared out to threads."""
    for q in numba.prange(len(queries)):
        _rank(queries, vectors, l2, pointers, candidates, indptr, denied, q, q + 1, best, value)


@jit()
def _rank(
    queries: F32,
    vectors: F32,
    l2: bool,
    pointers: I64,
    candidates: I64,
    indptr: I64,
    denied: I64,
    first: int,
    last: int,
    best: I64,
    value: F32,
) -> None:
    """Rank the candidates of queries ``first`` to ``last`` into ``best`` and ``value``."""
    k = best.shape[1]
    for q in range(first, last):
        found, values = best[q], value[q]
        for at in range(pointers[q], pointers[q + 1]):
            row = candidates[at]
            if row < 0 or contains(denied, indptr[q], indptr[q + 1], row):
                continue
            s = _score(queries[q], vectors[row], l2)
            place = k
            while place > 0 and (
                found[place - 1] < 0
                or s > values[place - 1]
                or (s == values[place - 1] and row < found[place - 1])
            ):
                place -= 1
            if place < k:
                for i in range(k - 1, place, -1):
                    values[i] = values[i - 1]
                    found[i] = found[i - 1]
                values[place] = s
                found[place] = row
