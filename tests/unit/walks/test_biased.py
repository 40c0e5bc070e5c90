"""Walks of the second order have node2vec's exact probabilities, however they are drawn."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.graph.csr import CSR
from embedding_features.walks import BiasedWalks, UniformWalks
from embedding_features.walks.second_order import Bias, _scan
from tests.unit.walks.graphs import check_transitions, dense, random_graph

#: the last ones leave rejection few chances
BIASES = [(1, 1), (0.25, 0.25), (4, 0.5), (0.5, 4), (0.02, 1), (0.1, 30), (50, 50), (1000, 2000), (2, 1e-3)]


def exact(matrix: F64, p: float, q: float) -> F64:
    """[before · n + node, after] probabilities by node2vec's definition."""
    n = len(matrix)
    probabilities = np.zeros((n * n, n))
    for before, node in zip(*np.nonzero(matrix), strict=True):
        for after in range(n):
            factor = 1 / p if after == before else 1 if matrix[before, after] > 0 else 1 / q
            probabilities[before * n + node, after] = factor * matrix[node, after]
    return probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-300)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_transitions_are_exact(bias: tuple[float, float], weighted: bool, directed: bool) -> None:
    graph = random_graph(7, nodes=7, edges=10, weighted=weighted, directed=directed)
    p, q = bias
    walker = BiasedWalks(length=3, p=p, q=q).over(graph)
    walks = np.concatenate([walker.draw(walker.starts, seed=2, number=k) for k in range(4000)])
    before, node, after = walks.T
    seen = exact(dense(graph), p, q)
    # what is hardly ever drawn says nothing by chi-square
    states = before * np.int64(7) + node
    counts = np.bincount(states, minlength=len(seen))
    rare = ((seen > 0) & (counts[:, None] * seen <= 5)).any(axis=1)
    kept = ~rare[states]
    assert kept.sum() > 1000
    seen[rare] = 0
    check_transitions(states[kept], after[kept], seen)


def test_a_walk_that_may_hardly_go_anywhere_still_goes() -> None:
    """On a path both ways have a factor of 1/1000: rejection gives up and the neighbours are scanned."""
    src = np.arange(9)
    graph = CSR.from_edges(np.concatenate((src, src + 1)), np.concatenate((src + 1, src)), (10, 10))
    walker = BiasedWalks(length=4000, p=1000, q=1000).over(graph)
    walks = walker.draw(walker.starts, seed=0)
    states = walks[:, :-2].ravel() * np.int64(10) + walks[:, 1:-1].ravel()
    check_transitions(states, walks[:, 2:].ravel(), exact(dense(graph), 1000, 1000))


def test_the_scan_passes_the_neighbours_in_order() -> None:
    """0–1, 0–2, 0–3, 1–2: from 1 to 0, then 1 (back, 1/4), 2 (near, 1), 3 (far, 1/2)."""
    src, dst = np.array([0, 0, 0, 1]), np.array([1, 2, 3, 2])
    graph = CSR.from_edges(np.concatenate((src, dst)), np.concatenate((dst, src)), (4, 4))
    edges = BiasedWalks().over(graph).edges
    passed = [_scan(edges, Bias(0.25, 0.5), 1, 0, sought) for sought in (0.0, 0.24, 0.26, 1.24, 1.26, np.inf)]
    assert passed == [(1, 0.25), (1, 0.25), (2, 1.25), (2, 1.25), (3, 1.75), (3, 1.75)]


def test_the_first_step_and_ends_are_those_of_uniform_walks() -> None:
    graph = CSR.from_edges(np.array([0, 1, 4]), np.array([1, 2, 4]), (6, 6))
    biased, uniform = BiasedWalks(length=4, p=0.1, q=9).over(graph), UniformWalks(length=4).over(graph)
    starts = np.arange(6)
    np.testing.assert_array_equal(biased.draw(starts, seed=0), uniform.draw(starts, seed=0))
    ring = random_graph(1)
    first = [walks(length=2).over(ring).draw(starts, seed=3) for walks in (BiasedWalks, UniformWalks)]
    np.testing.assert_array_equal(*first)
