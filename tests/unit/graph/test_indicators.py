"""Attributes of nodes: indicators by hand, and relations that describe neither side."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph import CSR, Graph, Relation
from embedding_features.graph.indicators import attribute_indicators
from embedding_features.graph.view import GraphView, View
from embedding_features.solvers.bpmf import BPMF
from tests.graph_views import matrix_view

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def view_with(*names: str) -> GraphView:
    """Items 0 and 1 have the tag 7, item 1 has 8 twice; the person 5 made item 2; users follow each other."""
    graph = Graph.from_arrays(
        AS_OF,
        {
            ("user", "saw", "item"): (np.array([0, 1, 1]), np.array([0, 1, 2])),
            ("item", "tagged", "tag"): (np.array([0, 1, 1, 1]), np.array([7, 7, 8, 8])),
            ("person", "made", "item"): (np.array([5]), np.array([2])),
            ("user", "follows", "user"): (np.array([0]), np.array([1])),
            ("user", "bought", "item"): (np.array([0]), np.array([1])),
        },
    )
    return View.of("saw", *names, nodes="all").build(graph)


def test_indicators_of_both_directions_side_by_side() -> None:
    found = attribute_indicators(view_with("tagged", "made"), 1)
    dst = found["item"]
    assert found["user"] is None
    assert dst is not None
    assert dst.toarray().tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_rare_attributes_are_left_out() -> None:
    dst = attribute_indicators(view_with("tagged"), 2)["item"]
    assert dst is not None
    assert dst.toarray().tolist() == [[1], [1], [0]]
    assert attribute_indicators(view_with("tagged"), 5) == {"user": None, "item": None}
    assert attribute_indicators(view_with(), 1) == {"user": None, "item": None}


@pytest.mark.parametrize("name", ["bought", "follows"])
def test_a_relation_that_describes_neither_side_is_refused(name: str) -> None:
    with pytest.raises(GraphError, match=f"'{name}' joins 'user'"):
        attribute_indicators(view_with(name), 1)


def test_attributes_reach_the_vectors() -> None:
    """Of 20 items most users like those with the tag; 20 more are seen once, their labels tell nothing.

    Seen by two seeds: gaps of .02 and .07 without the tag, .56 and .66 with it.
    """
    users, items = np.divmod(np.arange(60 * 40), 40)
    kept = (items < 20) | (users == items)
    users, items = users[kept], items[kept]
    tag = np.arange(40) % 2 == 0
    noisy = tag[items] ^ (np.random.default_rng(0).random(len(items)) < 0.15)
    sign = np.where(np.where(items < 20, noisy, items // 2 % 2 == 0), 1, -1).astype(np.float32)
    forward = CSR.from_edges(users, items, (60, 40), sign)
    tagged = np.flatnonzero(tag)
    described = Relation.from_edges("tagged", "item", "tag", tagged, np.zeros(len(tagged), int), (40, 1))
    gaps = []
    for attributes in ((), (described,)):
        user, item = BPMF(dim=4, factors=2).solve(matrix_view(forward, *attributes, name="saw"))
        score = (user @ item.T).mean(axis=0)[20:]
        gaps.append(score[tag[20:]].mean() - score[~tag[20:]].mean())
    assert abs(gaps[0]) < 0.2
    assert gaps[1] > 0.4
