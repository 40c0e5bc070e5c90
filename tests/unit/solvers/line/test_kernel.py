"""Training on edges: the same draws in plain Python, and the distributions they follow."""

import numpy as np
import pytest

from embedding_features.arrays import F32, F64
from embedding_features.graph import CSR
from embedding_features.hashes import GOLDEN
from embedding_features.solvers.line.kernel import Course, Network, _without, network_of, train
from embedding_features.solvers.line.run import first_vectors, train_in_turn
from embedding_features.solvers.proximity.adjacency import weighted_degrees
from embedding_features.solvers.sgns.kernel import Model
from embedding_features.solvers.sgns.noise import draw_targets
from embedding_features.solvers.sgns.sigmoid import sigmoid_table
from embedding_features.walks.draws import Purpose, below, key_of, mix, unit, walk_state

pytestmark = pytest.mark.usefixtures("one_thread")


def some_network(nodes: int, edges: int, first: int = 0, seed: int = 0) -> Network:
    """A random weighted network from rows 0 … nodes to rows of as many, from ``first`` on."""
    rng = np.random.default_rng(seed)
    src, dst = (rng.integers(0, nodes, edges).astype(np.int32) for _ in range(2))
    src[src == dst] = (src[src == dst] + 1) % nodes
    weight = rng.integers(1, 5, edges).astype(np.float32)
    csr = CSR.from_edges(src, dst, (nodes, nodes), weight)
    return network_of(csr, weighted_degrees(csr.transposed()), targets=first)


def drawn(network: Network, course: Course, number: int, seed: int) -> tuple[int, list[int]]:
    """Draw the source and the targets of an edge as the kernel states it."""
    with np.errstate(over="ignore"):
        state = np.uint64(walk_state(key_of(seed, Purpose.PAIRS), number, course.number)) + GOLDEN
        edge = below(np.uint64(mix(state)), len(network.edges.keep))
        state = state + GOLDEN
    if unit(np.uint64(mix(state))) >= network.edges.keep[edge]:
        edge = int(network.edges.alias[edge])
    targets = np.empty(1 + course.negatives, np.int64)
    count, _ = draw_targets(network.noise, int(network.edges.targets[edge]), state, targets)
    source = int(network.edges.sources[edge])
    return source, [t for t in targets[:count].tolist() if not (course.joint and t == source)]


def naive(network: Network, course: Course, vectors: F64, contexts: F64, seed: int) -> None:
    """Train in plain Python, in place: one edge after the other."""
    for number in range(course.samples):
        rate = course.rate * max(1 - number / course.samples, 1e-4)
        source, targets = drawn(network, course, number, seed)
        outputs = contexts[targets]
        gains = rate * (np.eye(len(targets))[0] - 1 / (1 + np.exp(-outputs @ vectors[source])))
        error = np.zeros(vectors.shape[1])
        for target, gain in zip(targets, gains, strict=True):
            error += gain * contexts[target]
            contexts[target] += gain * vectors[source]
        vectors[source] += error


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("batch", [7, 1 << 18])
def test_a_run_is_that_of_plain_python(joint: bool, batch: int) -> None:
    network, course = some_network(20, 60), Course(3, 700, 0.3, 4, joint)
    vectors = first_vectors(20, 6, seed=1)
    contexts = vectors if joint else np.zeros_like(vectors)
    wide = vectors.astype(np.float64)
    outputs = wide if joint else contexts.astype(np.float64)
    naive(network, course, wide, outputs, seed=1)
    train_in_turn([(network, course)], Model(vectors, contexts, sigmoid_table()), 1, batch, lambda *_: None)
    assert np.abs(wide - first_vectors(20, 6, seed=1)).max() > 0.1
    np.testing.assert_allclose(vectors, wide, atol=1e-4)
    np.testing.assert_allclose(contexts, outputs, atol=1e-4)


def test_networks_have_their_turns() -> None:
    """Batches of 5 edges: 0 to 5 of the one, 0 to 5 of the other, 5 to 10 of the one, the rest of both."""
    first, second = some_network(9, 30, seed=0), some_network(9, 30, seed=1)
    courses = [Course(number, 12, 0.2, 2, False) for number in range(2)]
    turned, by_hand = first_vectors(9, 4, seed=0), first_vectors(9, 4, seed=0)
    told: list[int] = []
    pairs = list(zip((first, second), courses, strict=True))
    train_in_turn(pairs, Model(turned, np.zeros_like(turned), sigmoid_table()), 0, 5, told.append)
    model = Model(by_hand, np.zeros_like(by_hand), sigmoid_table())
    for start, count in ((0, 5), (5, 5), (10, 2)):
        for network, course in pairs:
            train(network.edges, network.noise, start, count, model, course, key_of(0, Purpose.PAIRS), 1)
    np.testing.assert_array_equal(turned, by_hand)
    assert told == [5, 5, 5, 5, 2, 2]


def test_edges_are_drawn_by_weight_and_negatives_by_their_power() -> None:
    """Weights 1, 2, 5; targets 3, 4, 5 of popularity 1, 16, 81, whose powers of 3/4 are 1, 8, 27."""
    weight = np.array([1, 2, 5], np.float32)
    edges = CSR.from_edges(np.arange(3), np.arange(3), (3, 3), weight)
    network = network_of(edges, np.array([1.0, 16.0, 81.0]), targets=3)
    course, sources, negatives = Course(0, 1, 0.1, 1, False), np.zeros(3), np.zeros((6, 6))
    for number in range(20_000):
        source, targets = drawn(network, course, number, seed=0)
        assert targets[0] == source + 3
        sources[source] += 1
        for negative in targets[1:]:
            negatives[targets[0], negative] += 1
    np.testing.assert_allclose(sources / sources.sum(), weight / 8, atol=0.01)
    np.testing.assert_allclose(negatives[5, 3:5] / negatives[5].sum(), [1 / 9, 8 / 9], atol=0.01)
    np.testing.assert_allclose(negatives[4, [3, 5]] / negatives[4].sum(), [1 / 28, 27 / 28], atol=0.01)


def test_a_node_is_left_out_of_its_own_negatives() -> None:
    targets = np.array([4, 2, 7, 2, 5])
    assert _without(targets, 4, 2) == 2
    assert targets[:2].tolist() == [4, 7]
    assert _without(targets, 2, 9) == 2


def test_first_vectors_differ_by_number_and_seed() -> None:
    found: F32 = first_vectors(50, 4, seed=0)
    assert np.abs(found).max() <= 1 / 8
    assert found.std() == pytest.approx(1 / 8 / np.sqrt(3), rel=0.1)
    np.testing.assert_array_equal(found, first_vectors(50, 4, seed=0, number=0))
    assert np.abs(found - first_vectors(50, 4, seed=0, number=1)).max() > 0.1
    assert np.abs(found - first_vectors(50, 4, seed=1)).max() > 0.1
