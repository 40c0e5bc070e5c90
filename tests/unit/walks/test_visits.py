"""Visits are in proportion to personalized PageRank."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph.csr import CSR
from embedding_features.walks import VisitCounts
from tests.unit.walks.graphs import dense, random_graph


def pagerank(matrix: F64, restart: float) -> F64:
    """[query, node], by the inverse: π = α Σ (1 - α)^k P^k."""
    steps = matrix / matrix.sum(axis=1, keepdims=True)
    return restart * np.linalg.inv(np.eye(len(matrix)) - (1 - restart) * steps)


@pytest.mark.parametrize("restart", [0.1, 0.6, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_counts_are_in_proportion_to_personalized_pagerank(weighted: bool, restart: float) -> None:
    graph = random_graph(5, nodes=12, edges=20, weighted=weighted, directed=True)
    visits = VisitCounts(steps=400_000, restart=restart, top=12).count(graph, np.arange(12), seed=1)
    exact = pagerank(dense(graph), restart) if restart < 1 else dense(graph)
    np.fill_diagonal(exact, 0)
    exact /= exact.sum(axis=1, keepdims=True)
    found = np.zeros((12, 12))
    for query in range(12):
        kept = visits.nodes[query] >= 0
        found[query, visits.nodes[query][kept]] = visits.counts[query][kept]
    found /= found.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, exact, atol=0.006)


def test_the_most_visited_come_first_and_the_query_does_not_come() -> None:
    graph = random_graph(2, nodes=30, edges=60)
    whole = VisitCounts(steps=3000, top=40).count(graph, np.arange(30), seed=0)
    some = VisitCounts(steps=3000, top=5).count(graph, np.array([7, 3]), seed=0)
    assert (np.diff(whole.counts, axis=1) <= 0).all()
    assert not (whole.nodes == np.arange(30)[:, None]).any()
    np.testing.assert_array_equal(some.nodes, whole.nodes[[7, 3], :5])
    np.testing.assert_array_equal(some.counts, whole.counts[[7, 3], :5])
    assert ((whole.nodes >= 0) == (whole.counts > 0)).all()
    other = VisitCounts(steps=3000, top=5).count(graph, np.array([7, 3]), seed=1)
    assert (other.counts != some.counts).any()


def test_a_walk_that_cannot_go_on_goes_back() -> None:
    """0 leads to 1 and 2, which lead nowhere; every step goes to one of them. 3 leads nowhere."""
    graph = CSR.from_edges(np.array([0, 0]), np.array([1, 2]), (4, 4))
    visits = VisitCounts(steps=500, restart=0.01, top=3).count(graph, np.array([0, 3]), seed=0)
    assert visits.counts[0, :2].sum() == 500
    assert sorted(visits.nodes[0]) == [-1, 1, 2]
    assert visits.nodes[1].tolist() == [-1, -1, -1]


def test_faults_are_told() -> None:
    graph = random_graph(0)
    with pytest.raises(GraphError, match=r"queries -2\.\.3 outside rows 0\.\.7"):
        VisitCounts().count(graph, np.array([-2, 3]), seed=0)
    with pytest.raises(ConfigError, match="seed -1"):
        VisitCounts().count(graph, np.array([0]), seed=-1)
    with pytest.raises(GraphError, match="ends after one step"):
        VisitCounts().count(CSR.from_edges(np.array([0]), np.array([2]), (2, 3)), np.array([0]), seed=0)
    assert VisitCounts().count(graph, np.empty(0, np.int64), seed=0).nodes.shape == (0, 50)
