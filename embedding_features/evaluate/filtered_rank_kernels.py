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


@jit(parallel=True, fastmath=True)
def l1_scores(queries: F32, targets: F32) -> F32:
    """Return [m, n] minus the L1 distances of [m, d] queries and [n, d] targets."""
    scores = np.empty((len(queries), len(targets)), np.float32)
    for tile in numba.prange(-(-len(queries) // _TILE)):
        for t in range(len(targets)):
            target = targets[t]
            for q in range(tile * _TILE, min(len(queries), (tile + 1) * _TILE)):
                total = np.float32(0)
                for k in range(len(target)):
                    total += abs(queries[q, k] - target[k])
                scores[q, t] = -total
    return scores


@jit(parallel=True, fastmath=True)
def moduli_scores(queries: F32, targets: F32) -> F32:
    """Return [m, n] minus the sums of moduli of complex q − t; real parts stand before imaginary ones."""
    scores = np.empty((len(queries), len(targets)), np.float32)
    half = queries.shape[1] // 2
    for tile in numba.prange(-(-len(queries) // _TILE)):
        for t in range(len(targets)):
            target = targets[t]
            for q in range(tile * _TILE, min(len(queries), (tile + 1) * _TILE)):
                total = np.float32(0)
                for k in range(half):
                    real = queries[q, k] - target[k]
                    imaginary = queries[q, half + k] - target[half + k]
                    total += np.sqrt(real * real + imaginary * imaginary)
                scores[q, t] = -total
    return scores
