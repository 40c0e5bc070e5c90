"""The walk over a graph: scores of bytes, and what is met, beside numpy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.artifact import Metric
from embedding_features.jit import jit
from embedding_features.recall.hnsw.byte_scores import dot_bytes
from embedding_features.recall.hnsw.graph import HNSWGraph
from embedding_features.recall.hnsw.graph_arrays import GraphArrays, encode, entries_of
from embedding_features.recall.hnsw.train import train
from embedding_features.recall.settings import HNSW
from tests.unit.recall.recall_data import skewed


@jit()
def _dot(query: Any, codes: Any, row: int) -> int:
    return dot_bytes(query, codes, np.int64(row))  # type: ignore[no-any-return]


@settings(deadline=None)  # the first compiles
@given(st.integers(0, 2**32), st.sampled_from([64, 128, 192]), st.booleans())
def test_products_of_bytes_are_numpy_s(seed: int, width: int, extreme: bool) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-127, 128, (3, width)).astype(np.int8)
    query = rng.integers(-127, 128, width).astype(np.int16)
    if extreme:  # the greatest sums there are
        codes[:], query[:] = 127 * rng.choice([-1, 1]), 127
    for row in range(3):
        assert _dot(query, codes, row) == int(codes[row].astype(np.int64) @ query)


@pytest.mark.parametrize("dim", [1, 16, 63, 64, 65, 200])
def test_codes_are_near_and_begin_a_cache_line(dim: int) -> None:
    vectors = np.concatenate([skewed(50, dim), np.zeros((1, dim), np.float32)])
    codes, scales = encode(vectors)
    assert codes.ctypes.data % 64 == codes.shape[1] % 64 == 0
    assert codes.shape[1] - dim < 64
    assert not codes[:, dim:].any()
    half = scales[:, None] / 2 * (1 + 1e-5)
    assert (np.abs(codes[:, :dim] * scales[:, None] - vectors) <= half).all()
    assert np.abs(codes).max() == 127


def test_walks_begin_from_the_longest_where_length_counts() -> None:
    vectors = skewed(400)
    longest = np.argsort(-np.linalg.norm(vectors, axis=1))[:20]
    assert set(entries_of(vectors, "dot").tolist()) == set(longest.tolist())
    for count in (1, 2, 3, 400):
        entries = entries_of(vectors[:count], "cosine")
        assert len(set(entries.tolist())) == len(entries) == np.ceil(count**0.5)
        assert 0 <= entries.min() <= entries.max() < count


@pytest.mark.parametrize("metric", ["dot", "l2"])
def test_a_walk_as_broad_as_the_graph_meets_what_is_linked_once_and_in_order(metric: Metric) -> None:
    vectors = skewed(300, 16)
    graph = train(HNSW(links=8, ef_construction=40), vectors, metric)
    assert isinstance(graph, HNSWGraph)
    bias = -0.5 * np.square(vectors).sum(axis=1) if metric == "l2" else np.zeros(300, np.float32)
    for count in (1, 40):  # alone, and by threads
        queries = skewed(count, 16, seed=8)
        error = np.linalg.norm(queries, axis=1).max() * np.linalg.norm(vectors, axis=1).max() / 50
        found = graph.near(queries, bias, 1000)
        assert found.shape == (count, 300)
        for rows, scores in zip(found, queries @ vectors.T + bias, strict=True):
            there = rows[rows >= 0]
            assert len(there) == len(set(there.tolist())) >= 290  # a few nodes have no link to them
            assert (rows[len(there) :] == -1).all()
            assert (np.diff(scores[there]) <= error).all()


def test_a_walk_goes_where_the_links_lead_and_nowhere_else() -> None:
    """A chain of three and a pair apart: from the chain's end the pair is not met, from either it is."""
    vectors = np.array([[1, 0], [2, 0], [3, 0], [9, 0], [8, 0]], np.float32)
    codes, scales = encode(vectors)
    graph = train(HNSW(links=2), vectors, "dot")
    assert isinstance(graph, HNSWGraph)
    neighbors = np.array([1, -1, 0, 2, 1, -1, 4, -1, 3, -1], np.int32)
    query, bias = np.ones((1, 2), np.float32), np.zeros(5, np.float32)
    for entries, breadth, met in (
        ([0], 5, [2, 1, 0, -1, -1]),
        ([0, 4], 5, [3, 4, 2, 1, 0]),
        ([0, 4], 2, [3, 4]),
    ):
        start = np.array(entries, np.int32)
        graph.arrays = GraphArrays(codes, scales, start, neighbors, np.arange(0, 12, 2), 2)
        assert graph.near(query, bias, breadth).tolist() == [met]
