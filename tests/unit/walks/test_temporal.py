"""Walks in time never step back, not by a microsecond."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.walks import TemporalWalks
from tests.unit.walks.graphs import check_transitions

T = 1_700_000_000_000_000


def over(edges: list[tuple[int, int, int]], weight: list[float] | None = None, length: int = 4) -> np.ndarray:
    """A walk from each of the rows 0 to 3 along edges (source, destination, µs after T)."""
    src, dst, time = np.array(edges).T
    weights = None if weight is None else np.array(weight, np.float32)
    walker = TemporalWalks(length=length).over(CSR.from_edges(src, dst, (4, 4), weights, T + time))
    return walker.draw(np.arange(4), seed=0)


@pytest.mark.parametrize(
    ("first", "second", "walk"),
    [(0, 1, [0, 1, 2, -1]), (0, 0, [0, 1, 2, -1]), (1, 0, [0, 1, -1, -1])],
)
def test_an_edge_a_microsecond_earlier_is_not_taken(first: int, second: int, walk: list[int]) -> None:
    assert over([(0, 1, first), (1, 2, second)])[:2].tolist() == [walk, [1, 2, -1, -1]]


def test_only_edges_from_now_on_are_drawn_by_weight() -> None:
    """From 0 at T + 1 to 1; from there to 2 at T (3 times), T + 1 and T + 2 and to 3 at T + 1."""
    edges = [(0, 1, 1), (1, 2, 0), (1, 2, 0), (1, 2, 0), (1, 2, 1), (1, 2, 2), (1, 3, 1)]
    src, dst, time = np.array(edges).T
    weight = np.array([1, 9, 9, 9, 1, 0.5, 3], np.float32)
    for weights, ways in ((None, [0, 0, 2 / 3, 1 / 3]), (weight, [0, 0, 1.5 / 4.5, 3 / 4.5])):
        walker = TemporalWalks(length=3).over(CSR.from_edges(src, dst, (4, 4), weights, T + time))
        ends = np.array([walker.draw(np.array([0]), seed=1, number=k)[0, 2] for k in range(3000)])
        check_transitions(np.zeros(3000, np.int64), ends, np.array([ways]))


def test_edges_that_weigh_nothing_keep_the_times_of_the_others() -> None:
    edges = [(0, 1, 1), (1, 2, 0), (1, 3, 5), (1, 0, 2)]
    assert over(edges, [2, 1, 0, 1])[0].tolist() == [0, 1, 0, -1]


def test_edges_without_times_are_refused() -> None:
    with pytest.raises(GraphError, match="edges with times"):
        TemporalWalks().over(CSR.from_edges(np.array([0]), np.array([0]), (1, 1)))
