"""k-means and the search of the nearest centroids, both by faiss."""

from typing import cast

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.hashes import row_hashes

_ROUNDS = 25
_PER_CENTROID = 256


def kmeans(vectors: F32, k: int, seed: int) -> F32:
    """Return [min(k, different vectors), dim] centroids by 25 rounds of Lloyd's algorithm.

    The start is drawn by k-means++. A cluster that empties takes half of a large one. With no more different
    vectors than k, they are the centroids. Above 256 k vectors it learns from a sample of 256 k.
    """
    rng = np.random.default_rng(seed)
    if len(vectors) > _PER_CENTROID * k:
        vectors = vectors[np.sort(rng.choice(len(vectors), _PER_CENTROID * k, replace=False))]
    vectors = np.ascontiguousarray(vectors)
    _, rows, counts = np.unique(row_hashes(vectors), return_index=True, return_counts=True)
    order = np.argsort(rows)  # not by hash: the start depends on nothing but the vectors' order
    rows, counts = rows[order], counts[order]
    if len(rows) <= k:
        return vectors[rows]
    import faiss  # a large library, which whoever reads settings and codebooks does not need

    lloyd = faiss.Kmeans(
        vectors.shape[1],
        k,
        niter=_ROUNDS,
        seed=seed % 2**31,
        min_points_per_centroid=1,
        max_points_per_centroid=_PER_CENTROID,
    )
    lloyd.train(vectors, init_centroids=_plus_plus(vectors[rows], counts, k, rng))
    return cast(F32, lloyd.centroids)


def nearest(vectors: F32, centroids: F32, top: int = 1) -> tuple[F32, I64]:
    """Return the [n, top] squared distances and rows of the ``top`` nearest centroids, nearest first."""
    import faiss

    distances, rows = faiss.knn(np.ascontiguousarray(vectors), np.ascontiguousarray(centroids), top)
    return np.maximum(distances, 0), rows


def _plus_plus(vectors: F32, counts: I64, k: int, rng: np.random.Generator) -> F32:
    """Return k of the different vectors, each drawn ∝ count · squared distance to those drawn before.

    k-means++ (Arthur & Vassilvitskii, SODA 2007).
    """
    squares = np.einsum("nd,nd->n", vectors, vectors)
    weight = counts.astype(np.float64)
    left = np.full(len(vectors), np.inf, np.float32)
    drawn = np.empty(k, np.int64)
    for i in range(k):
        mass = np.cumsum(weight if i == 0 else weight * left)
        if mass[-1] == 0:  # the others differ by less than rounding
            mass = np.cumsum(np.where(np.isin(np.arange(len(vectors)), drawn[:i]), 0.0, weight))
        drawn[i] = min(np.searchsorted(mass, rng.random() * mass[-1], side="right"), len(vectors) - 1)
        centre = vectors[drawn[i]]
        np.minimum(left, np.maximum(squares - 2 * (vectors @ centre) + centre @ centre, 0), out=left)
        left[drawn[i]] = 0  # where rounding leaves more
    return vectors[drawn]
