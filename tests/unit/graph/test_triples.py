"""Triples and what is known of each query."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph.triples import QueryAnswers, TripleArrays

TRIPLES = TripleArrays(np.array([2, 0, 0, 0, 2]), np.array([0, 1, 1, 0, 0]), np.array([1, 2, 1, 2, 1]))


def test_inverses_follow_the_triples_under_reciprocal_relations() -> None:
    both = TRIPLES.with_inverses(2)
    assert both.src.tolist() == [2, 0, 0, 0, 2, 1, 2, 1, 2, 1]
    assert both.relation.tolist() == [0, 1, 1, 0, 0, 2, 3, 3, 2, 2]
    assert both.dst.tolist() == [1, 2, 1, 2, 1, 2, 0, 0, 0, 2]


def test_answers_are_grouped_by_query_each_once() -> None:
    known = QueryAnswers.of(TRIPLES, nodes=3, relations=2)
    assert known.src.tolist() == [0, 0, 2]
    assert known.relation.tolist() == [0, 1, 0]
    assert known.indptr.tolist() == [0, 1, 3, 4]
    assert known.indices.tolist() == [2, 1, 2, 1]


def test_runs_of_known_and_unknown_queries() -> None:
    known = QueryAnswers.of(TRIPLES, nodes=3, relations=2)
    starts, stops = known.runs(np.array([2, 0, 1, 2]), np.array([0, 1, 0, 1]))
    runs = [known.indices[a:b].tolist() for a, b in zip(starts, stops, strict=True)]
    assert runs == [[1], [1, 2], [], []]


def test_no_triples_know_no_answers() -> None:
    none = np.zeros(0, np.int64)
    known = QueryAnswers.of(TripleArrays(none, none, none), nodes=3, relations=2)
    starts, stops = known.runs(np.array([1]), np.array([1]))
    assert (starts == stops).all()


@pytest.mark.parametrize(
    ("column", "message"),
    [(0, r"src 0\.\.3 outside 0\.\.2"), (1, r"relation .* outside"), (2, r"dst .* outside")],
)
def test_rows_that_are_not_there_are_refused(column: int, message: str) -> None:
    columns = [c.copy() for c in TRIPLES]
    columns[column][0] = 3
    with pytest.raises(GraphError, match=message):
        QueryAnswers.of(TripleArrays(*columns), nodes=3, relations=2)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(GraphError, match=r"different lengths \[5, 4, 5\]"):
        QueryAnswers.of(TRIPLES._replace(relation=np.zeros(4, np.int64)), nodes=3, relations=2)
