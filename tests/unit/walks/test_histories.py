"""Histories as walks: every item in turn, or any order as likely."""

from itertools import chain, permutations

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.walks import HistoryWalks
from tests.unit.walks.graphs import check_transitions

#: [source, item, µs]: 0 has nothing, 1 one item, 2 three items and one of them twice, 3 ten items
EDGES = np.array(
    [(1, 4, 0), (2, 7, 3), (2, 1, 5), (2, 9, 4), (2, 1, 1), *((3, item, 20 - item) for item in range(10))]
)


def histories(time: bool = True) -> CSR:
    src, dst, when = EDGES.T
    return CSR.from_edges(src, dst, (5, 11), time=when if time else None)


def test_items_of_time_follow_each_other_and_a_long_history_is_cut_anew() -> None:
    walker = HistoryWalks(order="time", length=4).over(histories())
    assert walker.sources.tolist() == [2, 3, 3, 3, 3]
    assert (walker.rows, walker.origins, walker.spans.tolist()) == (11, 5, [0, 11])
    cuts = set()
    for number in range(40):
        walks = walker.draw(walker.starts, seed=1, number=number)
        assert walks[0].tolist() == [1, 7, 9, 1]
        kept = [walk[walk >= 0].tolist() for walk in walks]
        assert list(chain(*kept[1:])) == list(range(9, -1, -1))
        assert all((walk[: len(own)] >= 0).all() for walk, own in zip(walks, kept, strict=True))
        cuts.add(len(kept[1]))
    assert cuts == {1, 2, 3, 4}


def test_a_short_history_has_every_order_as_often() -> None:
    walker = HistoryWalks(length=4).over(histories(time=False))
    assert walker.sources.tolist() == [2, 3, 3, 3]
    src = np.repeat(1, 3)
    walker = HistoryWalks(length=5).over(CSR.from_edges(src, np.array([5, 2, 8]), (2, 9)))
    orders = {order: place for place, order in enumerate(permutations((2, 5, 8)))}
    found = [orders[tuple(walker.draw(np.array([0]), seed=0, number=k)[0, :3].tolist())] for k in range(3000)]
    check_transitions(np.zeros(3000, np.int64), np.array(found, np.int32), np.full((1, 6), 1 / 6))


def test_walks_of_a_long_history_draw_every_pair_as_often() -> None:
    walker = HistoryWalks(length=4).over(histories(time=False))
    first = []
    for number in range(2000):
        walks = walker.draw(walker.starts, seed=3, number=number)
        assert sorted(walks[0].tolist()) == [1, 1, 7, 9]
        assert all(len(set(walk.tolist())) == 4 for walk in walks[1:])
        first.append(walks[1:, :2])
    left, right = np.concatenate(first).T
    apart = (np.ones((10, 10)) - np.eye(10)) / 9
    check_transitions(left, right, apart)
    check_transitions(np.zeros(len(left), np.int64), left, np.full((1, 10), 0.1))
    assert not np.array_equal(walks[1], walks[2])


def test_faults_are_told() -> None:
    with pytest.raises(GraphError, match="edges with times"):
        HistoryWalks(order="time").over(histories(time=False))
    walker = HistoryWalks(length=4).over(histories())
    with pytest.raises(GraphError, match=r"outside rows 0\.\.3"):
        walker.draw(np.array([4]), seed=0)
