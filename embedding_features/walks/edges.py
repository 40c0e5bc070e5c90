"""The edges that walks go along, and the draw of one of them by weight."""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F64, I32, I64, AnyArray
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.jit import jit
from embedding_features.walks.draws import below, unit


class Edges(NamedTuple):
    """Holds edges by source, for kernels: a named tuple, for numba knows those.

    Attributes:
        indptr: [rows + 1] where the edges of each row begin.
        indices: [edges] destinations.
        cumulative: [edges + 1] sums of the weights before each edge; empty where all edges weigh alike.
    """

    indptr: I64
    indices: I32
    cumulative: F64


def edges_of(csr: CSR) -> Edges:
    """Return the edges of a relation that a walk may take; those of weight 0 are left out.

    Raises:
        GraphError: when a weight is negative or no number.
    """
    alike = np.empty(0)
    if csr.weight is None or not csr.edges:
        return Edges(csr.indptr, csr.indices, alike)
    weight = csr.weight.astype(np.float64)
    bad = int((~((weight >= 0) & (weight < np.inf))).sum())
    if bad:
        raise GraphError(
            f"{bad:,} of {len(weight):,} weights are negative, NaN or infinite: no probabilities of a walk",
            fix="keep edges of weights above 0",
        )
    if (weight == weight[0]).all() and weight[0] > 0:
        return Edges(csr.indptr, csr.indices, alike)
    taken = weight > 0
    indptr = _sums_before(taken, np.int64)[csr.indptr]
    return Edges(indptr, csr.indices[taken], _sums_before(weight[taken], np.float64))


def _sums_before(values: AnyArray, kind: type) -> AnyArray:
    """Return [n + 1] sums of the values before each place."""
    sums: AnyArray = np.zeros(len(values) + 1, kind)
    np.cumsum(values, out=sums[1:])
    return sums


def check_square(csr: CSR) -> None:
    """Check that a relation joins nodes of one row space.

    Raises:
        GraphError: when it has not as many rows as columns.
    """
    if csr.rows != csr.columns:
        raise GraphError(
            f"a walk along {csr.rows:,} × {csr.columns:,} edges ends after one step",
            fix="give edges between the rows of one space, in both directions, or walk by metapath",
        )


@jit()
def draw_edge(cumulative: F64, begin: int, end: int, bits: np.uint64) -> int:
    """Return one of the edges from ``begin`` to ``end``, of which there is one, by weight."""
    if len(cumulative) == 0:
        return begin + below(bits, end - begin)
    low = cumulative[begin]
    sought = low + unit(bits) * (cumulative[end] - low)
    last = end - 1
    while begin < last:  # the first edge whose sum, itself included, is above what is sought
        middle = (begin + last) >> 1
        if cumulative[middle + 1] > sought:
            last = middle
        else:
            begin = middle + 1
    return begin


@jit()
def mass(cumulative: F64, begin: int, end: int) -> float:
    """Return the summed weights of the edges from ``begin`` to ``end``."""
    if len(cumulative) == 0:
        return float(end - begin)
    return float(cumulative[end] - cumulative[begin])
