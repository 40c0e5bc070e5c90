"""Adjacency matrices: checked, and as the steps of a random walk."""

import numpy as np

from embedding_features.arrays import F64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.weights import check_weights


def merged_adjacency(adjacency: CSR, *, undirected: bool) -> CSR:
    """Return the matrix with one entry a pair, its edges' weights added up, without times.

    Raises:
        GraphError: when it is not square, has no edges, has a negative weight, or is not symmetric although
            the graph is ``undirected``.
    """
    if adjacency.rows != adjacency.columns:
        raise GraphError(
            f"an adjacency matrix has as many rows as columns, not {adjacency.rows} × {adjacency.columns}",
            fix="take a relation between nodes of one type",
        )
    if adjacency.edges == 0:
        raise GraphError("the graph has no edges", fix="check the relation and the moment it is built as of")
    pairs = CSR(adjacency.indptr, adjacency.indices, adjacency.columns, adjacency.weights()).merged("sum")
    check_weights("adjacency", pairs.weights(), "confidence")
    if undirected and not _symmetric(pairs):
        raise GraphError(
            "this method is for undirected graphs, and the matrix is not symmetric",
            fix="give each edge in both directions, with one weight",
        )
    return pairs


def weighted_degrees(adjacency: CSR) -> F64:
    """Return the [rows] sums of each row's weights."""
    return np.asarray(np.bincount(adjacency.sources(), adjacency.weights(), minlength=adjacency.rows))


def reciprocal(values: F64) -> F64:
    """Return 1 / x for each x above 0, and 0 for the others."""
    return np.divide(1, values, out=np.zeros(len(values)), where=values > 0)


def transition(adjacency: CSR) -> CSR:
    """Return D⁻¹A, the chances of a random walk's steps; rows of nodes without edges stay empty."""
    scale = reciprocal(weighted_degrees(adjacency))[adjacency.sources()]
    chance = (adjacency.weights() * scale).astype(np.float32)
    return CSR(adjacency.indptr, adjacency.indices, adjacency.columns, chance)


def _symmetric(pairs: CSR) -> bool:
    """Return whether a matrix with one entry a pair equals its transpose, but for float32's roundings."""
    other = pairs.transposed()
    return (
        np.array_equal(pairs.indptr, other.indptr)
        and np.array_equal(pairs.indices, other.indices)
        and np.allclose(pairs.weights(), other.weights(), rtol=1e-5, atol=0)
    )
