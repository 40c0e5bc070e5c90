"""Ranks read off blocks of scores, and scores by the metrics that are no product of matrices."""

import numba
import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.jit import jit

#: queries that pass over the targets together, so that a target is read from memory once for all of them
_TILE = 16


@jit(parallel=True)
def filtered_ranks(scores: F32, answers: I64, starts: I64, stops: I64, known: I32, ranks: F64) -> None:
    """Write the rank of each row's answer among all columns that the row does not know.

    A rank is the mean of the best and the worst place among equal scores: 1 + columns above + half of those
    that are equal. A score that is NaN counts as above.

    Args:
        scores: [m, n].
        answers: [m] column of each row's answer, which counts also where it is known.
        starts: [m] where in ``known`` the row's known columns begin.
        stops: [m] where they end.
        known: columns, distinct within a row.
        ranks: [m] the result.
    """
    for r in numba.prange(len(scores)):
        row, answer = scores[r], answers[r]
        own = row[answer]
        above, equal = 0, -1
        for column in range(len(row)):
            above += not (row[column] <= own)
            equal += row[column] == own
        for edge in range(starts[r], stops[r]):
            column = known[edge]
            if column != answer:
                above -= not (row[column] <= own)
                equal -= row[column] == own
        ranks[r] = 1 + above + 0.5 * equal


@jit(parallel=True)
def distance_scores(queries: F32, targets: F32, moduli: bool) -> F32:
    """Return [m, n] minus the distances of [m, d] queries and [n, d] targets.

    Args:
        queries: [m, d].
        targets: [n, d].
        moduli: whether a distance is the sum of the moduli of complex components, real parts before imaginary
            ones; else it is L1.
    """
    scores = np.empty((len(queries), len(targets)), np.float32)
    for tile in numba.prange(-(-len(queries) // _TILE)):
        _score_tile(queries, targets, tile * _TILE, (tile + 1) * _TILE, moduli, scores)
    return scores


@jit()
def _score_tile(queries: F32, targets: F32, start: int, stop: int, moduli: bool, scores: F32) -> None:
    for t in range(len(targets)):
        for q in range(start, min(stop, len(queries))):
            scores[q, t] = -(_moduli(queries[q], targets[t]) if moduli else _l1(queries[q], targets[t]))


@jit(fastmath=True)
def _l1(a: F32, b: F32) -> np.float32:
    total = np.float32(0)
    for k in range(len(a)):
        total += abs(a[k] - b[k])
    return total


@jit(fastmath=True)
def _moduli(a: F32, b: F32) -> np.float32:
    total, half = np.float32(0), len(a) // 2
    for k in range(half):
        real, imaginary = a[k] - b[k], a[half + k] - b[half + k]
        total += np.sqrt(real * real + imaginary * imaginary)
    return total
