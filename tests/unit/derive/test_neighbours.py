"""Neighbours: exact top-K under each metric, without oneself."""

import numpy as np
import pytest

from embedding_features.artifact import EmbeddingTable, Metric
from embedding_features.derive import Neighbours
from embedding_features.errors import DataError
from tests.unit.derive.made_embeddings import table


def naive(
    queries: EmbeddingTable, candidates: EmbeddingTable, metric: Metric, k: int
) -> tuple[list, np.ndarray]:
    """Ids and scores by a loop, in float64."""
    ids, scores = [], []
    for r, q in enumerate(queries.vectors.astype(np.float64)):
        x = candidates.vectors.astype(np.float64)
        score = -((x - q) ** 2).sum(axis=1) if metric == "l2" else x @ q
        if metric == "cosine":
            score = score / np.linalg.norm(x, axis=1) / np.linalg.norm(q)
        if queries.node_type == candidates.node_type:
            score[r] = -np.inf
        best = np.argsort(-score, kind="stable")[:k]
        ids.append([candidates.ids[int(b)].as_py() for b in best])
        scores.append(score[best])
    return ids, np.array(scores)


def normal(node_type: str, n: int, seed: int, ids: list | None = None) -> EmbeddingTable:
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.2, 5, (n, 1))  # so that dot product and cosine differ
    return table(node_type, (rng.normal(size=(n, 6)) * scale).astype(np.float32), ids)


@pytest.mark.parametrize("metric", ["dot", "cosine", "l2"])
def test_equals_the_naive_search(metric: Metric) -> None:
    users = normal("user", 40, 0, [2**62 + i for i in range(40)])
    items = normal("item", 70, 1, [f"i{i}" for i in range(70)])
    for queries, candidates in ((users, users), (items, items), (users, items)):
        found = Neighbours(k=7).find(queries, candidates, metric)
        ids, scores = naive(queries, candidates, metric, 7)
        assert found["neighbour_ids"].to_pylist() == ids
        np.testing.assert_allclose(found["neighbour_scores"].to_pylist(), scores, rtol=1e-4, atol=1e-4)


def test_a_node_that_others_outscore_does_not_lose_a_neighbour() -> None:
    """Under the dot product a short vector is not its own best match."""
    nodes = table("user", np.float32([[1, 0], [5, 0], [9, 0], [7, 0]]))
    assert Neighbours(k=2).find(nodes, nodes, "dot")["neighbour_ids"].to_pylist() == [
        [2, 3],
        [2, 3],
        [3, 1],
        [2, 1],
    ]


def test_duplicates_are_neighbours_of_each_other_but_not_of_themselves() -> None:
    nodes = table("user", np.ones((6, 3), np.float32))
    for r, ids in enumerate(Neighbours(k=5).find(nodes, nodes, "cosine")["neighbour_ids"].to_pylist()):
        assert sorted(ids) == [i for i in range(6) if i != r]


def test_lists_are_shorter_where_there_are_fewer_nodes() -> None:
    nodes, others = table("user", np.eye(3, dtype=np.float32)), table("item", np.eye(3, dtype=np.float32))
    assert [len(i) for i in Neighbours(k=9).find(nodes, nodes, "l2")["neighbour_ids"].to_pylist()] == [
        2,
        2,
        2,
    ]
    assert [len(i) for i in Neighbours(k=9).find(nodes, others, "l2")["neighbour_ids"].to_pylist()] == [
        3,
        3,
        3,
    ]


def test_more_queries_than_a_block() -> None:
    """Oneself is left out in every block of queries."""
    nodes = normal("user", 9000, 0)
    found = np.array(Neighbours(k=3).find(nodes, nodes, "cosine")["neighbour_ids"].to_pylist())
    assert not (found == np.arange(9000)[:, None]).any()
    unit = nodes.vectors / np.linalg.norm(nodes.vectors, axis=1, keepdims=True)
    for r in (0, 8191, 8192, 8999):
        score = unit @ unit[r]
        score[r] = -2
        assert found[r, 0] == score.argmax()


def test_errors() -> None:
    alone = table("user", np.ones((1, 2), np.float32))
    with pytest.raises(DataError, match="no neighbours of user among 1 vectors"):
        Neighbours().find(alone, alone, "dot")
    broken = table("item", np.float32([[np.nan, 0], [1, 1]]))
    with pytest.raises(DataError, match="1 item vectors hold NaN"):
        Neighbours().find(alone, broken, "dot")
