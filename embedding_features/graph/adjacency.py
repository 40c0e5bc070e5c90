"""Adjacency matrices of several relations over one row space, in both directions, and their norm."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.relation import Relation

#: ``"symmetric"``: a weight over the root of the product of its ends' degrees
Norm = Literal["none", "symmetric"]


def joined_adjacency(
    relations: Sequence[Relation], starts: Sequence[tuple[int, int]], size: int, norm: Norm
) -> CSR:
    """Return the [size, size] matrix of the edges of all relations in both directions.

    Args:
        relations: between nodes of two types, or of one.
        starts: of each relation, the first row of its sources and of its destinations.
        size: number of nodes.
        norm: see :meth:`.GraphView.adjacency`.

    Raises:
        GraphError: when a weight is negative under the symmetric norm.
    """
    if len(relations) == 1 and relations[0].src != relations[0].dst:
        joined = _two_blocks(relations[0], *starts[0], size)
    else:
        joined = _summed(relations, starts, size)
    return joined if norm == "none" else symmetric(joined)


def symmetric(adjacency: CSR) -> CSR:
    """Return D^-1/2 A D^-1/2 of a symmetric matrix, D its row sums (He et al., SIGIR 2020, eq. 3).

    Raises:
        GraphError: when a weight is negative.
    """
    weight, sources = adjacency.weights(), adjacency.sources()
    if len(weight) and weight.min() < 0:
        raise GraphError(
            f"a relation has the negative weight {weight.min()}, which the symmetric norm has no root of",
            fix="put those edges into a relation of their own",
        )
    root = _inverse_sqrt(np.asarray(np.bincount(sources, weight, minlength=adjacency.rows), np.float64))
    low, high = np.minimum(sources, adjacency.indices), np.maximum(sources, adjacency.indices)
    # in one order for both directions of a pair, so that the matrix stays symmetric to the last bit
    scaled = (weight * root[low] * root[high]).astype(np.float32)
    return CSR(adjacency.indptr, adjacency.indices, adjacency.columns, scaled)


def _two_blocks(relation: Relation, src: int, dst: int, size: int) -> CSR:
    """Return the matrix of one relation between two node types, without sorting."""
    blocks = sorted(((src, dst, relation.forward), (dst, src, relation.reverse)), key=lambda block: block[0])
    degrees = np.zeros(size, np.int64)
    for first, _, csr in blocks:
        degrees[first : first + csr.rows] = csr.degrees
    indptr: I64 = np.concatenate([np.zeros(1, np.int64), np.cumsum(degrees)])
    indices = np.concatenate([csr.indices + np.int32(other) for _, other, csr in blocks])
    weighted = relation.forward.weight is not None
    weight = np.concatenate([csr.weights() for _, _, csr in blocks]) if weighted else None
    return CSR(indptr, indices, size, weight)


def _summed(relations: Sequence[Relation], starts: Sequence[tuple[int, int]], size: int) -> CSR:
    """Return the matrix of several relations, weights of the same pair added up."""
    src = [r.forward.sources() + np.int32(first) for r, (first, _) in zip(relations, starts, strict=True)]
    dst = [r.forward.indices + np.int32(first) for r, (_, first) in zip(relations, starts, strict=True)]
    weight = np.concatenate([r.forward.weights() for r in relations])
    ends = np.concatenate([*src, *dst]), np.concatenate([*dst, *src])
    return CSR.from_edges(*ends, (size, size), np.concatenate([weight, weight])).merged("sum")


def _inverse_sqrt(degrees: F64) -> F64:
    with np.errstate(divide="ignore"):
        return np.where(degrees > 0, degrees**-0.5, 0.0)
