"""Leave-one-out validation: what each source did last, and that nothing of that time is learned from."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.view import View
from embedding_features.testing.graphs import AS_OF
from embedding_features.training import Training
from embedding_features.training.held_out_last import hold_out_last

TRAINING = Training(early_stop="ndcg@10", validation="last")
USERS = 120


def view_of(timed=True):
    """Users who saw items 0, 1 and 2 at 10, 20 and 20 + (user % 2) µs, the last user item 3 alone."""
    users = np.arange(USERS - 1)
    src = np.concatenate([users, users, users, [USERS - 1]])
    dst = np.concatenate([np.repeat([0, 1, 2], USERS - 1), [3]])
    time = np.concatenate([np.full(USERS - 1, 10), np.full(USERS - 1, 20), 20 + users % 2, [5]])
    bought = Relation.from_edges(
        "bought", "user", "item", users, np.full(USERS - 1, 4), (USERS, 5), time=19 + users % 3
    )
    saw = Relation.from_edges("saw", "user", "item", src, dst, (USERS, 5), time=time if timed else None)
    vocabularies = {"user": Vocabulary.from_ids(np.arange(USERS)), "item": Vocabulary.from_ids(np.arange(5))}
    return View(nodes="all").build(Graph(AS_OF, vocabularies, {"saw": saw, "bought": bought}))


def test_the_last_moment_of_each_source_is_held_out():
    held = hold_out_last(view_of(), TRAINING, 0)
    left, wanted = held.view.relation("saw").forward, held.wanted
    for user in range(USERS - 1):
        last = {2} if user % 2 else {1, 2}  # at 21, or both at 20
        of = wanted.indices[wanted.indptr[user] : wanted.indptr[user + 1]]
        assert set(of.tolist()) == last
        kept = left.indices[left.indptr[user] : left.indptr[user + 1]]
        assert set(kept.tolist()) == {0, 1, 2} - last
    assert left.indptr[-1] - left.indptr[-2] == 1  # who has one moment keeps it


def test_other_relations_end_before_that_moment():
    left = hold_out_last(view_of(), TRAINING, 0).view.relation("bought").forward
    last = 20 + np.arange(USERS - 1) % 2
    expected = 19 + np.arange(USERS - 1) % 3 < last
    np.testing.assert_array_equal(left.degrees[:-1] > 0, expected)
    assert 0 < expected.sum() < USERS - 1


def test_what_cannot_be_held_out_is_refused():
    with pytest.raises(GraphError, match="has no times"):
        hold_out_last(view_of(timed=False), TRAINING, 0)
    with pytest.raises(ValueError, match="holds out for recall@k or ndcg@k, not mrr"):
        Training(early_stop="mrr", validation="last")
