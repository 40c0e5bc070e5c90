"""Retrieval metrics against hand computation and a naive loop."""

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import embedding_features.evaluate.retrieval as retrieval
from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Metric, Provenance
from embedding_features.errors import DataError
from embedding_features.evaluate.metrics import Retrieval
from embedding_features.evaluate.retrieval import evaluate_embeddings, evaluate_vectors
from embedding_features.graph import CSR, Graph, Relation

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _csr(pairs: set[tuple[int, int]], shape: tuple[int, int]) -> CSR:
    ordered = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return CSR.from_edges(ordered[:, 0], ordered[:, 1], shape)


def _naive(
    score: F32, wanted: set[tuple[int, int]], seen: set[tuple[int, int]], k: int, allowed: set[int]
) -> Retrieval:
    sums = np.zeros(4)
    users = sorted({u for u, _ in wanted})
    for user in users:
        items = [i for i in range(score.shape[1]) if (user, i) not in seen and i in allowed]
        items.sort(key=lambda i: (-score[user, i], i))
        relevant = {i for u, i in wanted if u == user}
        ranks = [r for r, i in enumerate(items[:k], start=1) if i in relevant]
        ideal = sum(1 / math.log2(r + 1) for r in range(1, min(k, len(relevant)) + 1))
        gain = sum(1 / math.log2(r + 1) for r in ranks)
        sums += [len(ranks) / len(relevant), gain / ideal, len(ranks) / k, len(ranks) > 0]
    return Retrieval(k, len(users), *(sums / len(users)))


def _scores(users: F32, items: F32, metric: Metric) -> F32:
    if metric == "l2":
        return np.asarray(-np.square(users[:, None] - items[None]).sum(axis=2))
    if metric == "cosine":
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
    return np.asarray(users @ items.T)


def _assert_same(got: Retrieval, wanted: Retrieval) -> None:
    assert (got.k, got.users) == (wanted.k, wanted.users)
    for name in ("recall", "ndcg", "precision", "hit_rate"):
        assert getattr(got, name) == pytest.approx(getattr(wanted, name), abs=1e-12), name


def test_golden() -> None:
    """User 0 wants items 1 and 4 and has seen 0: ranking 2, 1, 4, 3. User 1 wants item 0, ranked third."""
    users = np.array([[1.0], [1.0], [1.0]], np.float32)
    items = np.array([[9], [3], [4], [1], [2]], np.float32)
    wanted = _csr({(0, 1), (0, 4), (1, 3)}, (3, 5))
    seen = _csr({(0, 0), (1, 0), (1, 1)}, (3, 5))
    got = evaluate_vectors(users, items, wanted, seen, k=2)
    dcg, ideal = 1 / math.log2(3), 1 + 1 / math.log2(3)
    assert (got.k, got.users) == (2, 2)
    assert got.recall == pytest.approx((0.5 + 0) / 2)
    assert got.precision == pytest.approx(0.25)
    assert got.hit_rate == pytest.approx(0.5)
    assert got.ndcg == pytest.approx(dcg / ideal / 2)
    deeper = evaluate_vectors(users, items, wanted, seen, k=3)
    assert deeper.recall == pytest.approx(1)
    assert deeper.ndcg == pytest.approx(((dcg + 0.5) / ideal + 0.5) / 2)


@settings(max_examples=60, deadline=None)
@given(
    m=st.integers(1, 12),
    n=st.integers(1, 30),
    d=st.integers(1, 5),
    k=st.integers(1, 40),
    metric=st.sampled_from(["dot", "cosine", "l2"]),
    block=st.sampled_from([1, 50, 1 << 20]),
    seed=st.integers(0, 2**31),
)
def test_equals_a_naive_loop(m: int, n: int, d: int, k: int, metric: Metric, block: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, items = (rng.standard_normal((rows, d)).astype(np.float32) for rows in (m, n))
    draw = rng.random((m, n))
    wanted = {(int(u), int(i)) for u, i in np.argwhere(draw < 0.2)} or {(0, 0)}
    seen = {(int(u), int(i)) for u, i in np.argwhere(draw > 0.7)} - wanted
    candidates = rng.random(n) < 0.9
    patch = pytest.MonkeyPatch()
    patch.setattr(retrieval, "_BLOCK_SCORES", block)
    try:
        got = evaluate_vectors(
            users,
            items,
            _csr(wanted, (m, n)),
            _csr(seen, (m, n)),
            k=k,
            metric=metric,
            candidates=candidates,
        )
    finally:
        patch.undo()
    allowed = set(np.flatnonzero(candidates).tolist())
    _assert_same(got, _naive(_scores(users, items, metric), wanted, seen, k, allowed))


def test_equal_scores_rank_by_index() -> None:
    flat = np.ones((1, 1), np.float32), np.ones((5, 1), np.float32)
    nothing = _csr(set(), (1, 5))
    found = [evaluate_vectors(*flat, _csr({(0, i)}, (1, 5)), nothing, k=2).recall for i in range(5)]
    assert found == [1, 1, 0, 0, 0]


def _embeddings(user_ids: list[int], item_ids: list[str]) -> Embeddings:
    tables = {
        "user": EmbeddingTable("user", pa.array(user_ids), np.ones((len(user_ids), 1), np.float32), 3),
        "item": EmbeddingTable(
            "item", pa.array(item_ids), -np.arange(1, len(item_ids) + 1, dtype=np.float32)[:, None], 4
        ),
    }
    return Embeddings(tables, Provenance("m", {}, "dot", "dot", NOW, 0, "", {}))


def test_nodes_without_vectors_are_misses_and_never_recommended() -> None:
    """Item d has no vector: its score of 0 would top all the negative ones. User 12 has none either."""
    ids = np.array([10, 10, 11, 12]), np.array(["a", "b", "c", "d"])
    graph = Graph.from_arrays(NOW, {("user", "likes", "item"): ids})
    embeddings = _embeddings([10, 11], ["a", "b", "c"])
    got = evaluate_embeddings(embeddings, graph, np.array([0, 1, 1]), np.array([2, 0, 3]), k=1)
    assert got.recall == pytest.approx((1 + 0.5) / 2)
    with_cold_user = evaluate_embeddings(embeddings, graph, np.array([0, 2]), np.array([2, 3]), k=1)
    assert with_cold_user.recall == pytest.approx(0.5)


@pytest.mark.parametrize(("metric", "first"), [("dot", "c"), ("l2", "b"), ("cosine", "d")])
def test_the_metric_is_the_embeddings_own(metric: Metric, first: str) -> None:
    """From (1, 0): c = (5, 5) has the largest product, b = (1, .1) is nearest, d = (.1, 0) is in line."""
    everything = Graph.from_arrays(
        NOW, {("user", "likes", "item"): (np.array([10] * 4), np.array(["a", "b", "c", "d"]))}
    )
    one = Relation.from_edges("likes", "user", "item", np.array([0]), np.array([0]), (1, 4))
    graph = Graph(NOW, everything.vocabularies, {"likes": one})
    items = np.array([[9, 9], [1, 0.1], [5, 5], [0.1, 0]], np.float32)
    tables = {
        "user": EmbeddingTable("user", pa.array([10]), np.array([[1, 0]], np.float32), 1),
        "item": EmbeddingTable("item", pa.array(["a", "b", "c", "d"]), items, 4),
    }
    embeddings = Embeddings(tables, Provenance("m", {}, metric, "dot", NOW, 0, "", {}))
    for row, name in enumerate("abcd"):
        got = evaluate_embeddings(embeddings, graph, np.array([0]), np.array([row]), k=1)
        assert got.recall == (name == first)


def test_bad_input_is_refused() -> None:
    users, items = np.ones((2, 3), np.float32), np.ones((4, 3), np.float32)
    some, none = _csr({(0, 1)}, (2, 4)), _csr(set(), (2, 4))
    with pytest.raises(DataError, match="no pairs"):
        evaluate_vectors(users, items, none, none)
    with pytest.raises(DataError, match="do not compare"):
        evaluate_vectors(users, items[:, :2], some, none)
    with pytest.raises(DataError, match="seen is 2 × 5"):
        evaluate_vectors(users, items, some, _csr(set(), (2, 5)))
    with pytest.raises(DataError, match="k = 0"):
        evaluate_vectors(users, items, some, none, k=0)
    with pytest.raises(DataError, match="item vectors hold NaN"):
        evaluate_vectors(users, np.full_like(items, np.nan), some, none)
    graph = Graph.from_arrays(NOW, {("user", "likes", "item"): (np.array([10]), np.array(["a"]))})
    with pytest.raises(DataError, match="unknown to the graph"):
        evaluate_embeddings(_embeddings([10], ["z"]), graph, np.array([0]), np.array([0]))
