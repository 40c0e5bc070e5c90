"""Clusters: k-means, the nearest ids and their weights."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from embedding_features.artifact import Space
from embedding_features.derive import Clusters, Codebook
from embedding_features.derive.kmeans import kmeans, nearest
from tests.unit.derive.made_embeddings import table

SPACE = Space(family="toy", version=1, dim=2, metric="dot", scorer="dot")


def blobs(centres: np.ndarray, each: int, spread: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(len(centres) * each, centres.shape[1])) * spread
    return (np.repeat(centres, each, axis=0) + noise).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_kmeans_finds_planted_clusters(seed: int) -> None:
    """From any seed: a start of random vectors would often miss one of twelve."""
    centres = np.random.default_rng(1).normal(size=(12, 4)) * 100
    vectors = blobs(centres, 50, 0.1)
    found = kmeans(vectors, 12, seed)
    distances = np.linalg.norm(found[:, None] - centres[None], axis=2)
    assert sorted(distances.argmin(axis=1)) == list(range(12))
    assert distances.min(axis=1).max() < 0.1


def test_kmeans_learns_from_a_sample_of_many() -> None:
    centres = np.float32([[0, 0], [90, 0], [0, 90]])
    found = kmeans(blobs(centres, 500, 1.0), 3, seed=0)
    distances = np.linalg.norm(found[:, None] - centres[None], axis=2)
    assert sorted(distances.argmin(axis=1)) == [0, 1, 2]
    assert distances.min(axis=1).max() < 0.3


def test_kmeans_is_a_fixed_point_of_lloyd_and_repeats() -> None:
    vectors = blobs(np.eye(3) * 20, 30, 1.0)
    centroids = kmeans(vectors, 3, seed=5)
    assert np.array_equal(centroids, kmeans(vectors, 3, seed=5))
    owner = nearest(vectors, centroids)[1][:, 0]
    means = np.stack([vectors[owner == c].mean(axis=0) for c in range(3)])
    np.testing.assert_allclose(centroids, means, rtol=1e-5, atol=1e-5)


def test_k_is_clipped_to_the_different_vectors() -> None:
    vectors = np.repeat(np.float32([[0, 1], [2, 3], [4, 5]]), 10, axis=0)
    np.testing.assert_array_equal(np.sort(kmeans(vectors, 8, seed=0), axis=0), [[0, 1], [2, 3], [4, 5]])


def test_duplicates_do_not_start_empty_clusters() -> None:
    """990 equal vectors and 10 others: ten clusters, each used."""
    vectors = np.concatenate([np.zeros((990, 2)), np.arange(1, 21).reshape(10, 2) * 5]).astype(np.float32)
    owner = nearest(vectors, kmeans(vectors, 10, seed=0))[1][:, 0]
    assert len(np.unique(owner)) == 10


def test_nearest_equals_the_naive_search() -> None:
    rng = np.random.default_rng(0)
    vectors, centroids = (rng.normal(size=(n, 5)).astype(np.float32) for n in (40, 12))
    distances, rows = nearest(vectors, centroids, 4)
    naive = ((vectors[:, None] - centroids[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(rows, naive.argsort(axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(naive, axis=1)[:, :4], rtol=1e-4)


def test_weights_by_hand() -> None:
    """Centroids (0,0) and (2,0), vectors at 0, 2, 1 and 3 on the axis: s = (0 + 0 + 1 + 1) / 4."""
    vectors = np.float32([[0, 0], [2, 0], [1, 0], [3, 0]])
    spec = Clusters(k=2, top_k=2, temperature=2.0)
    arrays = {"centroids": vectors[:2], "scale": np.array([0.5])}
    book = Codebook(spec, SPACE, "user", arrays)
    columns = book.apply(vectors, SPACE)
    near = 1 / (1 + math.exp(-4 / (2.0 * 0.5)))  # squared distances 0 and 4
    np.testing.assert_allclose(columns["cluster_weights"].to_pylist()[0], [near, 1 - near], rtol=1e-6)
    assert columns["cluster_ids"].to_pylist()[:2] == [[0, 1], [1, 0]]
    assert columns["cluster_weights"].to_pylist()[2] == [0.5, 0.5]
    assert columns["cluster_ids"].to_pylist()[3] == [1, 0]


def test_the_scale_is_the_mean_squared_distance_to_the_nearest() -> None:
    vectors = blobs(np.float32([[0, 0], [50, 0]]), 40, 1.0)
    book = Codebook.fit(Clusters(k=2, top_k=1), table("user", vectors), SPACE, seed=0)
    naive = ((vectors[:, None] - book.arrays["centroids"][None]) ** 2).sum(axis=2).min(axis=1).mean()
    np.testing.assert_allclose(book.arrays["scale"], [naive], rtol=1e-4)


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_temperature_has_no_unit(factor: float) -> None:
    """The same vectors at another scale have the same weights."""
    vectors = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    spec = Clusters(k=5, top_k=3)
    weights = []
    for scale in (1.0, factor):
        book = Codebook.fit(spec, table("user", vectors * np.float32(scale)), SPACE, seed=0)
        applied = book.apply(vectors * np.float32(scale), SPACE)
        weights.append(np.array(applied["cluster_weights"].to_pylist()))
    np.testing.assert_allclose(weights[1], weights[0], atol=1e-3)


def test_weights_sum_to_one_and_fall() -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    book = Codebook.fit(Clusters(k=16, top_k=4), table("user", vectors), SPACE, seed=0)
    weights = np.array(book.apply(vectors, SPACE)["cluster_weights"].to_pylist())
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (np.diff(weights, axis=1) <= 0).all()


def test_vectors_that_are_all_centroids_have_one_sure_cluster() -> None:
    vectors = np.float32([[0, 0], [1, 0], [0, 1]])
    book = Codebook.fit(Clusters(k=10, top_k=4), table("user", vectors), SPACE, seed=0)
    columns = book.apply(vectors, SPACE)
    assert [len(ids) for ids in columns["cluster_ids"].to_pylist()] == [3, 3, 3]
    assert columns["cluster_weights"].to_pylist() == [[1, 0, 0]] * 3


def test_cosine_clusters_by_direction() -> None:
    rng = np.random.default_rng(0)
    directions = np.repeat(np.float32([[1, 0], [0.9, 0.436]]), 50, axis=0)
    vectors = (directions * rng.uniform(0.1, 100, (100, 1))).astype(np.float32)
    space = SPACE.model_copy(update={"metric": "cosine"})
    ids = [
        Codebook.fit(Clusters(k=2, top_k=1), table("user", vectors), s, seed=0).apply(vectors, s)[
            "cluster_ids"
        ]
        for s in (space, SPACE)
    ]
    by_cosine, by_dot = (np.array(i.to_pylist())[:, 0] for i in ids)
    assert len(set(by_cosine[:50])) == len(set(by_cosine[50:])) == 1
    assert by_cosine[0] != by_cosine[50]
    assert len(set(by_dot[:50])) == 2


def test_settings_that_cannot_be() -> None:
    for settings in ({"k": 2, "top_k": 3}, {"k": 0}, {"temperature": 0.0}, {"clusters": 3}):
        with pytest.raises(ValidationError):
            Clusters.model_validate(settings)
