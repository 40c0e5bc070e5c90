"""Distances of every query to every target, and their gradients, for the metrics that no product computes.

Vectors stay in cache and lanes of LLVM's vectors are targets or coordinates, never terms of one sum: sums are
in an order that the source states, and no block of [queries, targets, dim] is held.
"""

import numba
import numpy as np

from embedding_features.arrays import F32
from embedding_features.jit import jit

#: vectors that pass over the others together, so that those are read from memory once for all of them
_TILE = 8
#: targets whose sums lie in the fastest cache, for a tile of queries
_BLOCK = 512
#: squared moduli below it count as it: 1 / √ of it is a float32
_TINY = np.float32(1e-30)


@jit(parallel=True)
def distance_scores(queries: F32, targets: F32, moduli: bool) -> F32:
    """Return [m, n] minus the distances of [m, d] queries and [n, d] targets.

    Args:
        queries: [m, d].
        targets: [n, d].
        moduli: whether a distance is the sum of the moduli of complex components, real parts before imaginary
            ones; else it is L1.
    """
    scores = np.zeros((len(queries), len(targets)), np.float32)
    columns = np.ascontiguousarray(targets.T)
    for tile in numba.prange(-(-len(queries) // _TILE)):
        stop = min((tile + 1) * _TILE, len(queries))
        for start in range(0, len(targets), _BLOCK):
            end = min(start + _BLOCK, len(targets))
            _subtract(queries, tile * _TILE, stop, columns, start, end, moduli, scores)
    return scores


@jit()
def _subtract(
    queries: F32, first: int, last: int, columns: F32, start: int, stop: int, moduli: bool, scores: F32
) -> None:
    """Subtract the distances of queries ``first:last`` and targets ``start:stop`` from their scores."""
    half = len(columns) // 2
    for k in range(half if moduli else len(columns)):
        column, imaginary = columns[k, start:stop], columns[(half + k) % len(columns), start:stop]
        for q in range(first, last):
            if moduli:
                _subtract_moduli(
                    queries[q, k], queries[q, half + k], column, imaginary, scores[q, start:stop]
                )
            else:
                _subtract_absolute(queries[q, k], column, scores[q, start:stop])


@jit()
def _subtract_absolute(own: np.float32, column: F32, scores: F32) -> None:
    for t in range(len(scores)):
        scores[t] -= abs(own - column[t])


@jit()
def _subtract_moduli(
    own_real: np.float32, own_imaginary: np.float32, real: F32, imaginary: F32, scores: F32
) -> None:
    for t in range(len(scores)):
        across, up = own_real - real[t], own_imaginary - imaginary[t]
        scores[t] -= np.sqrt(across * across + up * up)


@jit(parallel=True)
def score_gradients(vectors: F32, others: F32, slope: F32, moduli: bool) -> F32:
    """Return the [m, d] gradients of Σ_ij slope_ij · score_ij by the vectors i, as by queries so by targets.

    Where a component of both is the same its gradient is 0.

    Args:
        vectors: [m, d].
        others: [n, d].
        slope: [m, n] the gradients by the scores.
        moduli: as of :func:`distance_scores`.
    """
    gradients = np.zeros_like(vectors)
    for tile in numba.prange(-(-len(vectors) // _TILE)):
        for other in range(len(others)):
            for row in range(tile * _TILE, min((tile + 1) * _TILE, len(vectors))):
                if moduli:
                    _pull_moduli(vectors[row], others[other], slope[row, other], gradients[row])
                else:
                    _pull_absolute(vectors[row], others[other], slope[row, other], gradients[row])
    return gradients


@jit()
def _pull_absolute(own: F32, other: F32, slope: np.float32, gradient: F32) -> None:
    zero = np.float32(0)
    for k in range(len(own)):
        apart = own[k] - other[k]
        gradient[k] -= (slope if apart > zero else zero) - (slope if apart < zero else zero)


@jit()
def _pull_moduli(own: F32, other: F32, slope: np.float32, gradient: F32) -> None:
    half = len(own) // 2
    for k in range(half):
        across, up = own[k] - other[k], own[half + k] - other[half + k]
        pull = slope / np.sqrt(max(across * across + up * up, _TINY))
        gradient[k] -= pull * across
        gradient[half + k] -= pull * up
