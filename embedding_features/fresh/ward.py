"""Ward's hierarchical clustering of few points, cut at a distance."""

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.jit import jit


@jit()
def ward_clusters(squared: F64, limit: float, size: F64, chain: I64, cluster: I64) -> None:
    """Cluster points by Ward's method: merge the two clusters whose merger adds least variance, and again.

    Chains of nearest neighbours find the mergers in O(n²) (Murtagh, A Survey of Recent Advances in
    Hierarchical Clustering Algorithms, The Computer Journal 1983), the Lance–Williams formula the distances
    to a merged cluster. Mergers above the limit are left undone: distances never fall, so that a chain whose
    end has no neighbour within the limit is done with.

    Args:
        squared: [n, n] squared Euclidean distances of the points; used up.
        limit: clusters at a larger distance stay apart, as ``scipy.cluster.hierarchy.fcluster`` has it with
            ``method="ward"`` and ``criterion="distance"``.
        size: [n] working memory.
        chain: [n] working memory.
        cluster: [n] written to: the first point of each point's cluster.
    """
    n, start, length = len(squared), 0, 0
    for k in range(n):
        squared[k, k], size[k], cluster[k] = np.inf, 1.0, k
    while True:
        if length == 0:
            while start < n and size[start] == 0.0:
                start += 1
            if start == n:
                return
            chain[0], length = start, 1
        end = chain[length - 1]
        before = chain[length - 2] if length > 1 else -1
        nearest, least = before, squared[end, before] if length > 1 else np.inf
        for k in range(n):
            if squared[end, k] < least:
                nearest, least = k, squared[end, k]
        if nearest < 0 or least > limit * limit:
            for k in chain[:length]:
                _take_out(squared, size, k)
            length = 0
        elif nearest == before:
            _merge(squared, size, cluster, min(end, before), max(end, before))
            length -= 2
        else:
            chain[length], length = nearest, length + 1


@jit()
def _merge(squared: F64, size: F64, cluster: I64, first: int, second: int) -> None:
    """Merge the second cluster into the first."""
    between, both = squared[first, second], size[first] + size[second]
    for k in range(len(size)):
        if size[k] > 0.0 and k != first and k != second:
            distance = (size[first] + size[k]) * squared[first, k] - size[k] * between
            distance += (size[second] + size[k]) * squared[second, k]
            squared[first, k] = squared[k, first] = distance / (both + size[k])
        if cluster[k] == second:
            cluster[k] = first
    _take_out(squared, size, second)
    size[first] = both


@jit()
def _take_out(squared: F64, size: F64, gone: int) -> None:
    """Let no cluster be near to one that is merged or done with."""
    size[gone] = 0.0
    for k in range(len(size)):
        squared[k, gone] = np.inf
