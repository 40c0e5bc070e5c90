"""Clusters by Ward's method are those of scipy's linkage, cut at any height."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from embedding_features.arrays import F64, I64
from embedding_features.fresh.ward import ward_clusters


def clusters(points: F64, limit: float) -> I64:
    n = len(points)
    cluster = np.empty(n, np.int64)
    ward_clusters(squareform(pdist(points)) ** 2, limit, np.empty(n), np.empty(n, np.int64), cluster)
    return cluster


def parts(cluster: I64) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(cluster == c).tolist()) for c in set(cluster.tolist())}


@given(seed=st.integers(0, 10_000), n=st.integers(2, 30))
@settings(max_examples=60, deadline=None)
def test_every_cut_is_that_of_scipy(seed: int, n: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, 3))
    tree = linkage(points, "ward")
    heights = np.concatenate([[0], tree[:, 2], [tree[-1, 2] * 2]])
    for limit in (heights[:-1] + heights[1:]) / 2:
        found = clusters(points, limit)
        assert parts(found) == parts(fcluster(tree, limit, "distance"))
        assert (found <= np.arange(n)).all(), "a cluster is known by its first point"


def test_one_point_and_points_on_one_spot() -> None:
    assert clusters(np.zeros((1, 2)), 1).tolist() == [0]
    assert clusters(np.array([[1.0, 0], [1, 0], [5, 0], [1, 0]]), 0).tolist() == [0, 0, 2, 0]
