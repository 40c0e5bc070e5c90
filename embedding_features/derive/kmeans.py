"""k-means and the nearest centroids (faiss)."""

from typing import cast

import faiss
import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.artifact.tables import row_hashes

_ROUNDS = 25


def kmeans(vectors: F32, k: int, seed: int) -> F32:
    """[min(k, distinct vectors), dim] centroids by Lloyd's algorithm, 25 rounds.

    It starts from k different vectors, so that duplicates do not start clusters that stay empty; a cluster
    that empties later takes half of a large one. With no more different vectors than k, they are the
    centroids. Above 256 k vectors it learns from a sample of 256 k.
    """
    vectors = np.ascontiguousarray(vectors)
    distinct = np.sort(np.unique(row_hashes(vectors), return_index=True)[1])
    if len(distinct) <= k:
        return vectors[distinct]
    start = vectors[np.random.default_rng(seed).choice(distinct, k, replace=False)]
    lloyd = faiss.Kmeans(vectors.shape[1], k, niter=_ROUNDS, seed=seed % 2**31, min_points_per_centroid=1)
    lloyd.train(vectors, init_centroids=start)
    return cast(F32, lloyd.centroids)


def nearest(vectors: F32, centroids: F32, top: int = 1) -> tuple[F32, I64]:
    """[n, top] squared distances and rows of the ``top`` nearest centroids, nearest first."""
    distances, rows = faiss.knn(np.ascontiguousarray(vectors), np.ascontiguousarray(centroids), top)
    return np.maximum(distances, 0), rows
