"""Histories: their order, their moments, and the windows that are read of them."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.sequences import sequences
from embedding_features.graph.view import View
from embedding_features.testing.graphs import AS_OF


def graph_of(**relations) -> Graph:
    """Relations of (user, item, time or None), three users and six items."""
    vocabularies = {
        "user": Vocabulary.from_ids(np.arange(3)),
        "item": Vocabulary.from_ids(np.arange(6)),
    }
    made = {
        name: Relation.from_edges(
            name,
            "user",
            "item",
            np.array([e[0] for e in edges]),
            np.array([e[1] for e in edges]),
            (3, 6),
            time=None if edges[0][2] is None else np.array([e[2] for e in edges]),
        )
        for name, edges in relations.items()
    }
    return Graph(AS_OF, vocabularies, made)


SAW = [(0, 5, 10), (0, 1, 30), (0, 2, 20), (2, 4, 7), (0, 3, 20), (2, 0, 7)]


def view_of(**relations):
    return View(nodes="all").build(graph_of(**relations))


def test_events_are_by_time_and_those_of_one_moment_by_item():
    found = sequences(view_of(saw=SAW))
    assert found.indptr.tolist() == [0, 4, 4, 6]
    assert (found.items - 3).tolist() == [5, 2, 3, 1, 0, 4]  # three users come before the items
    assert found.times.tolist() == [10, 20, 20, 30, 7, 7]
    assert found.sources().tolist() == [0, 0, 0, 0, 2, 2]


def test_moments_begin_and_end_where_times_change_or_sources():
    found = sequences(view_of(saw=SAW))
    assert found.moment_begins().tolist() == [0, 1, 1, 3, 4, 4]
    assert found.moment_ends().tolist() == [1, 3, 3, 4, 6, 6]
    apart = sequences(view_of(saw=[(0, 1, 20), (0, 2, 21)]))  # a microsecond is a moment of its own
    assert apart.moment_begins().tolist() == [0, 1]


def test_windows_end_in_the_last_column_and_begin_where_the_part_does():
    found = sequences(view_of(saw=SAW))
    windows = found.windows(np.array([1, 4, 0]), np.array([4, 6, 0]), 4)
    assert np.where(windows.items < 0, -1, windows.items - 3).tolist() == [
        [-1, 2, 3, 1],
        [-1, -1, 0, 4],
        [-1, -1, -1, -1],
    ]
    assert windows.times.tolist() == [[0, 20, 20, 30], [0, 0, 7, 7], [0, 0, 0, 0]]


def test_the_last_events_are_kept():
    kept = sequences(view_of(saw=SAW)).last(2)
    assert kept.indptr.tolist() == [0, 2, 2, 4]
    assert (kept.items - 3).tolist() == [3, 1, 0, 4]


def test_events_of_all_relations_tell_their_action():
    view = view_of(saw=SAW, bought=[(0, 2, 25), (1, 1, 3)])
    found = sequences(view, "all")
    assert (found.items - 3).tolist() == [5, 2, 3, 2, 1, 1, 0, 4]
    assert found.actions.tolist() == [0, 0, 0, 1, 0, 1, 0, 0]
    assert sequences(view).actions.tolist() == [0] * 6


def test_relations_without_times_have_histories_in_the_order_of_items_but_not_beside_timed_ones():
    untimed = [(u, i, None) for u, i, _ in SAW]
    assert (sequences(view_of(saw=untimed)).items - 3).tolist() == [1, 2, 3, 5, 0, 4]
    with pytest.raises(GraphError, match="some without times"):
        sequences(view_of(saw=SAW, bought=untimed), "all")
