"""Small graphs as CSR, and matrices back as dense arrays."""

import numpy as np

from embedding_features.arrays import F32, F64, I64
from embedding_features.graph import CSR


def undirected(src: I64, dst: I64, nodes: int, weight: F32 | None = None) -> CSR:
    """Each edge in both directions."""
    both = None if weight is None else np.concatenate([weight, weight])
    return CSR.from_edges(np.concatenate([src, dst]), np.concatenate([dst, src]), (nodes, nodes), both)


def triangle_with_tail() -> CSR:
    """Nodes 0, 1 and 2 know each other; 3 knows 2 alone."""
    return undirected(np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]), 4)


def random_graph(nodes: int, seed: int, blocks: int = 3) -> CSR:
    """An undirected weighted graph, a ring with chords mostly within blocks; the last node is alone."""
    rng = np.random.default_rng(seed)
    node = np.arange(nodes - 1)
    chance = np.where(node[:, None] % blocks == node % blocks, 0.4, 0.05)
    ring = (node[:, None] + 1) % (nodes - 1) == node
    src, dst = np.nonzero(np.triu((rng.random(chance.shape) < chance) | ring | ring.T, 1))
    return undirected(src, dst, nodes, rng.integers(1, 4, len(src)).astype(np.float32))


def dense(csr: CSR) -> F64:
    """The matrix, its duplicates added up."""
    out = np.zeros((csr.rows, csr.columns))
    np.add.at(out, (csr.sources(), csr.indices), csr.weights())
    return out


def block_cosines(vectors: F32, blocks: int = 3) -> tuple[float, float]:
    """The mean cosines of centred vectors within the blocks of :func:`random_graph`, and between them."""
    directions = unit(vectors.astype(np.float64) - vectors.mean(axis=0))
    cosines, block = directions @ directions.T, np.arange(len(vectors)) % blocks
    same = block[:, None] == block
    return float(cosines[same].mean()), float(cosines[~same].mean())


def transition_matrix(csr: CSR) -> F64:
    """D⁻¹A by plain loops; rows without edges are zero."""
    matrix = dense(csr)
    for row in matrix:
        if row.sum() > 0:
            row /= row.sum()
    return matrix


def root_factor(matrix: F64, dim: int) -> F64:
    """U S^½ by LAPACK, the largest entry of each column positive."""
    u, s, _ = np.linalg.svd(matrix)
    factor = u[:, :dim] * np.sqrt(s[:dim])
    return factor * np.sign(factor[np.abs(factor).argmax(axis=0), np.arange(dim)])


def unit(vectors: F64) -> F64:
    """Rows at length 1, zero rows as they are."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)
