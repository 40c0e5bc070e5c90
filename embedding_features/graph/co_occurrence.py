"""Neighbours of destinations by how many sources they share."""

import numba
import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.graph.relation import Relation
from embedding_features.jit import jit


def co_occurrence_neighbours(relation: Relation, count: int) -> tuple[I32, F32]:
    """Return each destination's strongest neighbours in G = RᵀR, and the weights ω of these.

    ω(i, j) = G(i, j) / (g(i) − G(i, i)) · √(g(i) / g(j)), with g(i) the sum of row i of G (Mao et al.,
    UltraGCN, CIKM 2021, eq. 12); i itself is no neighbour. G is held one row at a time; the work is the sum
    of the squared degrees of the sources.

    Args:
        relation: R; its weights are not used.
        count: neighbours of each, those of the largest ω.

    Returns:
        [destinations, count] int32 destinations, strongest first, and [destinations, count] float32 ω. Where
        one has fewer, itself with the weight 0 fills the places.
    """
    forward, reverse = relation.forward, relation.reverse
    of_edges = np.repeat(forward.degrees, forward.degrees)
    sums = np.bincount(forward.indices, weights=of_edges, minlength=reverse.rows).astype(np.float64)
    neighbours = np.empty((reverse.rows, count), np.int32)
    weights = np.empty((reverse.rows, count), np.float32)
    edges = forward.indptr, forward.indices, reverse.indptr, reverse.indices
    _strongest(*edges, sums, numba.get_num_threads(), neighbours, weights)
    return neighbours, weights


@jit(parallel=True)
def _strongest(
    indptr: I64,
    indices: I32,
    of: I64,
    sources: I32,
    sums: F64,
    blocks: int,
    neighbours: I32,
    weights: F32,
) -> None:
    for block in numba.prange(blocks):
        shared = np.zeros(len(sums), np.float64)
        touched = np.empty(len(sums), np.int32)
        for own in range(block, len(sums), blocks):
            count = 0
            for at in range(of[own], of[own + 1]):
                source = sources[at]
                for e in range(indptr[source], indptr[source + 1]):
                    other = indices[e]
                    if shared[other] == 0:
                        touched[count] = other
                        count += 1
                    shared[other] += 1
            _keep(own, touched[:count], shared, sums, neighbours[own], weights[own])
            for other in touched[:count]:
                shared[other] = 0


@jit()
def _keep(own: int, touched: I32, shared: F64, sums: F64, neighbours: I32, weights: F32) -> None:
    """Write the neighbours of largest ω, in order; of equal ones those met first."""
    neighbours[:] = own
    weights[:] = 0
    scale = np.sqrt(sums[own]) / max(sums[own] - shared[own], 1.0)
    for other in touched:
        weight = np.float32(scale * shared[other] / np.sqrt(sums[other]))
        if other == own or weight <= weights[-1]:
            continue
        place = len(weights) - 1
        while place > 0 and weights[place - 1] < weight:
            weights[place], neighbours[place] = weights[place - 1], neighbours[place - 1]
            place -= 1
        weights[place], neighbours[place] = weight, other
