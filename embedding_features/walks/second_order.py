"""One exact step of node2vec, by rejection or, where that would take long, by a scan of the neighbours.

Rejection after Yang et al., KnightKing: A Fast Distributed Graph Random Walk Engine, SOSP 2019, section 4: a
neighbour is drawn by weight and accepted with probability α over α's bound. Most tries need no search for an
edge, because α is at least the smaller and at most the larger of 1 and 1/q; and a large 1/p does not raise
the bound, because what it is above it is an area of its own, of the edge back. A try that is accepted has the
exact distribution, and so has the scan: how many tries come before it does not matter.
"""

from typing import NamedTuple

import numpy as np

from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.kernels import contains, first_not_below
from embedding_features.walks.draws import mix, unit
from embedding_features.walks.edges import Edges, draw_edge, mass

#: a scan costs a search for each neighbour: tries end at this many and a quarter of the neighbours
_TRIES = 8


class Bias(NamedTuple):
    """Holds the factors α that are not 1.

    Attributes:
        back: 1/p, of the node before.
        far: 1/q, of a node that no edge leads to from the node before.
    """

    back: float
    far: float


@jit()
def next_node(edges: Edges, bias: Bias, before: int, node: int, state: np.uint64) -> tuple[int, np.uint64]:
    """Return where a walk goes from ``node``, which it reached from ``before``, and its new state."""
    begin, end = edges.indptr[node], edges.indptr[node + 1]
    bound = max(1.0, bias.far)
    neighbours = mass(edges.cumulative, begin, end)
    beyond = 0.0
    if bias.back > bound:
        beyond = (bias.back - bound) * _mass_to(edges, begin, end, before)
    area = bound * neighbours + beyond
    for _ in range(_TRIES + ((end - begin) >> 2)):
        state += GOLDEN
        height = unit(mix(state)) * area / neighbours
        if beyond > 0 and height >= bound:
            return before, state
        state += GOLDEN
        after = int(edges.indices[draw_edge(edges.cumulative, begin, end, mix(state))])
        if _accepted(edges, bias, before, after, height):
            return after, state
    state += GOLDEN
    _, total = _scan(edges, bias, before, node, np.inf)
    after, _ = _scan(edges, bias, before, node, unit(mix(state)) * total)
    return after, state


@jit()
def _accepted(edges: Edges, bias: Bias, before: int, after: int, height: float) -> bool:
    """Return whether ``height``, which is below the bound, is below the factor of ``after``."""
    if after == before:
        return height < bias.back
    if height < min(1.0, bias.far):
        return True
    return _is_near(edges, before, after) == (bias.far < 1.0)


@jit()
def _is_near(edges: Edges, before: int, after: int) -> bool:
    return contains(edges.indices, edges.indptr[before], edges.indptr[before + 1], after)


@jit()
def _scan(edges: Edges, bias: Bias, before: int, node: int, sought: float) -> tuple[int, float]:
    """Return the neighbour at which the summed factors times weights exceed ``sought``, and that sum."""
    total, after = 0.0, -1
    for edge in range(edges.indptr[node], edges.indptr[node + 1]):
        after = int(edges.indices[edge])
        factor = 1.0
        if after == before:
            factor = bias.back
        elif not _is_near(edges, before, after):
            factor = bias.far
        total += factor * mass(edges.cumulative, edge, edge + 1)
        if total > sought:
            break
    return after, total


@jit()
def _mass_to(edges: Edges, begin: int, end: int, node: int) -> float:
    """Return the summed weights of the edges from ``begin`` to ``end`` that lead to ``node``."""
    first = first_not_below(edges.indices, begin, end, node)
    last = first_not_below(edges.indices, first, end, node + 1)
    return mass(edges.cumulative, first, last)
