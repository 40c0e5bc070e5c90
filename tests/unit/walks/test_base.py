"""What all walkers share: rounds that go on anywhere, and fingerprints."""

import numpy as np
import pytest

from embedding_features.graph.csr import CSR
from embedding_features.walks import BiasedWalks, HistoryWalks, UniformWalks, Walker
from tests.unit.walks.graphs import random_graph


def test_rounds_go_on_at_any_walk() -> None:
    walker = UniformWalks(length=5).over(random_graph(0))
    whole = np.concatenate(list(walker.rounds(3, seed=4, batch=100)))
    count = len(walker.starts)
    assert len(whole) == 3 * count
    for number in range(3):
        own = whole[number * count : (number + 1) * count]
        assert sorted(own[:, 0].tolist()) == walker.starts.tolist()
        np.testing.assert_array_equal(walker.draw(own[:, 0], seed=4, number=number), own)
    for first in (0, 1, count - 1, count, 2 * count + 3, 3 * count):
        rest = list(walker.rounds(3, seed=4, batch=3, first=first))
        np.testing.assert_array_equal(np.concatenate([whole[:0], *rest]), whole[first:])


def walker_of(case: str) -> Walker:
    graph = random_graph(0)
    time = np.random.default_rng(0).permutation(graph.edges)
    timed = CSR(graph.indptr, graph.indices, graph.columns, time=time.astype(np.int64))
    walkers = {
        "uniform": lambda: UniformWalks(length=5).over(graph),
        "length": lambda: UniformWalks(length=6).over(graph),
        "edges": lambda: UniformWalks(length=5).over(random_graph(1)),
        "weights": lambda: UniformWalks(length=5).over(random_graph(0, weighted=True)),
        "biased": lambda: BiasedWalks(length=5).over(graph),
        "p": lambda: BiasedWalks(length=5, p=0.5).over(graph),
        "q": lambda: BiasedWalks(length=5, q=0.5).over(graph),
        "shuffled": lambda: HistoryWalks(length=5).over(timed),
        "time": lambda: HistoryWalks(length=5, order="time").over(timed),
    }
    found: Walker = walkers[case]()
    return found


def test_fingerprints_tell_walkers_apart() -> None:
    cases = ["uniform", "length", "edges", "weights", "biased", "p", "q", "shuffled", "time"]
    prints = [walker_of(case).fingerprint() for case in cases]
    assert len(set(prints)) == len(cases)
    assert [walker_of(case).fingerprint() for case in cases] == prints


@pytest.mark.parametrize("first", [0, 5])
def test_rounds_of_no_starts_are_none(first: int) -> None:
    empty = CSR.from_edges(np.empty(0, np.int64), np.empty(0, np.int64), (3, 3))
    assert not list(UniformWalks().over(empty).rounds(2, seed=0, batch=4, first=first))
