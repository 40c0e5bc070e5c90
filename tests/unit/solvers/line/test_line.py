"""LINE: what its orders learn of planted structure, and what it refuses."""

import numpy as np
import pytest

from embedding_features.arrays import F32, F64, Bool
from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph import CSR
from embedding_features.solvers.line import LINE
from embedding_features.solvers.line.kernel import Course
from embedding_features.solvers.line.line import network_between_all
from embedding_features.solvers.line.run import first_vectors, train_in_turn
from embedding_features.solvers.sgns.kernel import Model
from embedding_features.solvers.sgns.sigmoid import sigmoid_table
from tests.unit.solvers.proximity.graphs import dense, random_graph, undirected

pytestmark = pytest.mark.usefixtures("one_thread")


def cosines(vectors: F32) -> F64:
    wide = vectors.astype(np.float64)
    return wide @ wide.T


def test_the_first_order_brings_neighbours_together() -> None:
    graph = random_graph(60, seed=0, blocks=3)
    near = cosines(LINE(dim=16, order="first", samples_per_node=2000).solve(graph))
    joined, apart = dense(graph) > 0, (dense(graph) == 0) & ~np.eye(60, dtype=np.bool_)
    apart[-1], apart[:, -1] = False, False  # the node without edges
    assert near[joined].mean() > near[apart].mean() + 0.3


def hubs() -> tuple[CSR, Bool]:
    """Sources 0 … 19 lead to the hubs 20 … 23 or to 24 … 27 and never to each other."""
    src = np.repeat(np.arange(20), 4)
    dst = 20 + src % 2 * 4 + np.tile(np.arange(4), 20)
    same = np.arange(20)[:, None] % 2 == np.arange(20) % 2
    return CSR.from_edges(src, dst, (28, 28)), same


def test_the_second_order_brings_nodes_of_the_same_neighbours_together() -> None:
    """In a directed graph, where a source has no edge in, and a hub none out."""
    graph, same = hubs()
    vectors = LINE(dim=8, order="second", samples_per_node=4000).solve(graph)
    near = cosines(vectors)[:20, :20]
    assert near[same].min() > near[~same].max() + 0.4


def test_scores_of_the_second_order_are_the_shifted_pointwise_mutual_information() -> None:
    """At the optimum u_i · u'_j = log p(i, j) - log(negatives q_j p(i, not j)), q the noise.

    Few dimensions would not hold it: as many as nodes do. Of length 1 vectors only the direction is left, so
    that the raw tables are trained here.
    """
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 9, (8, 8)).astype(np.float32)
    np.fill_diagonal(weight, 0)
    src, dst = np.nonzero(weight)
    network = network_between_all(CSR.from_edges(src, dst, (8, 8), weight[src, dst]))
    vectors = first_vectors(8, 8, seed=0)
    model = Model(vectors, np.zeros_like(vectors), sigmoid_table())
    train_in_turn([(network, Course(0, 1_500_000, 0.05, 2, False))], model, 0, 1 << 18, lambda *_: None)
    noise = (weight.sum(axis=0) + weight.sum(axis=1)) ** 0.75
    noise /= noise.sum()
    chance = weight / weight.sum()
    # an edge's own target is none of its negatives
    others = 2 * noise * (chance.sum(axis=1, keepdims=True) - chance)
    expected = np.log(chance[src, dst] / others[src, dst])
    found = (model.vectors @ model.contexts.T)[src, dst]
    assert np.abs(found - expected).mean() < 0.1


def test_halves_have_length_one_and_are_those_of_the_orders() -> None:
    graph = random_graph(40, seed=1)
    both = LINE(dim=12, samples_per_node=50).solve(graph)
    np.testing.assert_allclose(np.linalg.norm(both[:-1, :6], axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(both[:, :6], LINE(dim=6, order="first", samples_per_node=50).solve(graph))
    np.testing.assert_array_equal(both[:, 6:], LINE(dim=6, order="second", samples_per_node=50).solve(graph))
    assert not both[-1].any()  # the node without edges


def test_one_thread_is_deterministic_and_seeds_differ() -> None:
    graph, line = random_graph(40, seed=1), LINE(dim=8, samples_per_node=50)
    np.testing.assert_array_equal(line.solve(graph, seed=3), line.solve(graph, seed=3))
    assert np.abs(line.solve(graph, seed=4) - line.solve(graph, seed=3)).max() > 0.1


def test_pairs_are_merged_and_loops_and_weights_of_zero_left_out() -> None:
    src, dst = np.array([0, 0, 1, 2, 2]), np.array([1, 1, 1, 0, 1])
    network = network_between_all(CSR.from_edges(src, dst, (3, 3), np.array([1, 2, 9, 4, 0], np.float32)))
    assert list(zip(network.edges.sources.tolist(), network.edges.targets.tolist(), strict=True)) == [
        (0, 1),
        (2, 0),
    ]
    np.testing.assert_allclose(network.edges.keep, [6 / 7, 1])  # weights 3 and 4
    # degrees 7, 3 and 4, in and out
    share = np.array([7, 3, 4]) ** 0.75 / (np.array([7, 3, 4]) ** 0.75).sum()
    drawn = np.bincount(network.noise.alias, 1 - network.noise.keep, 3) + network.noise.keep
    np.testing.assert_allclose(drawn / 3, share)


def test_an_odd_dim_gives_the_first_order_the_larger_half() -> None:
    graph = random_graph(20, seed=0)
    odd, first = (
        LINE(dim=dim, order=o, samples_per_node=9).solve(graph) for dim, o in ((7, "both"), (4, "first"))
    )
    assert odd.shape == (20, 7)
    np.testing.assert_array_equal(odd[:, :4], first)


def test_faults_are_told() -> None:
    loops = CSR.from_edges(np.arange(3), np.arange(3), (3, 3))
    with pytest.raises(GraphError, match="from a node to itself"):
        LINE(dim=2).solve(loops)
    with pytest.raises(GraphError, match="as many rows as columns"):
        LINE(dim=2).solve(CSR.from_edges(np.arange(3), np.arange(3), (3, 4)))
    with pytest.raises(ConfigError, match="seed -1"):
        LINE(dim=2, samples_per_node=1).solve(random_graph(9, seed=0), seed=-1)
    negative = undirected(np.array([0]), np.array([1]), 2, np.array([-1], np.float32))
    with pytest.raises(GraphError, match="negative"):
        LINE(dim=2).solve(negative)
