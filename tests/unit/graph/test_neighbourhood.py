"""The part of a view around some nodes, by hand and against a search of all paths."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.graph import Graph
from embedding_features.graph.neighbourhood import around, within
from embedding_features.graph.view import GraphView, View


def view_of(seed: int) -> GraphView:
    rng = np.random.default_rng(seed)
    edges = {
        ("user", "saw", "item"): (rng.integers(0, 20, 25), rng.integers(0, 15, 25)),
        ("user", "follows", "user"): (rng.integers(0, 20, 12), rng.integers(0, 20, 12)),
    }
    return View(nodes="all").build(Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges))


def dense(view: GraphView) -> np.ndarray:
    edges = view.adjacency()
    a = np.zeros((view.size, view.size))
    np.add.at(a, (edges.sources(), edges.indices), edges.weights())
    return a


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_all_nodes_within_some_steps(steps: int) -> None:
    view = view_of(0)
    reach = np.linalg.matrix_power(dense(view) + np.eye(view.size), steps)
    for rows in ([3], [0, 25, 7]):
        expected = np.flatnonzero((reach[rows] > 0).any(axis=0))
        assert within(view.adjacency(), np.array(rows), steps).tolist() == expected.tolist()


def test_the_part_has_the_edges_between_its_nodes() -> None:
    view = view_of(1)
    rows = np.array([0, 2, 3, 7, 11, 12, view.size - 5, view.size - 1])
    part = around(view, rows)
    np.testing.assert_array_equal(dense(part), dense(view)[np.ix_(rows, rows)])
    assert part.counts == {"user": 6, "item": 2}
    assert part.nodes["user"].rows.tolist() == [0, 2, 3, 7, 11, 12]


def test_a_part_without_a_node_type_has_none_of_its_edges() -> None:
    part = around(view_of(2), np.array([1, 4]))
    assert part.counts == {"user": 2, "item": 0}
    assert part.relation("saw").forward.edges == part.relation("saw").reverse.edges == 0
