"""Walks by metapath go along its relations in turn, and nowhere else."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph.relation import Relation
from embedding_features.walks import MetapathWalks
from tests.unit.walks.graphs import check_transitions, dense

AUTHORS, PAPERS, VENUES = 5, 9, 3


def relations(weighted: bool = False) -> dict[str, Relation]:
    rng = np.random.default_rng(0)
    src, dst = np.arange(25) % AUTHORS, rng.integers(0, PAPERS, 25)
    dst[:PAPERS] = np.arange(PAPERS)
    weight = rng.choice([0.5, 2.0], 25).astype(np.float32) if weighted else None
    wrote = Relation.from_edges("wrote", "author", "paper", src, dst, (AUTHORS, PAPERS), weight)
    papers = np.repeat(np.arange(PAPERS), 2)
    venues = (papers + np.tile([0, 1], PAPERS)) % VENUES
    at = Relation.from_edges("at", "paper", "venue", papers, venues, (PAPERS, VENUES))
    return {"wrote": wrote, "at": at}


@pytest.mark.parametrize("weighted", [False, True])
def test_each_step_follows_its_relation(weighted: bool) -> None:
    known = relations(weighted)
    walks = MetapathWalks(path=("wrote", "at", "~at", "~wrote"), length=4001)
    assert walks.node_types(known) == ("author", "paper", "venue")
    walker = walks.over(known)
    assert walker.spans.tolist() == [0, AUTHORS, AUTHORS + PAPERS, AUTHORS + PAPERS + VENUES]
    assert walker.starts.tolist() == list(range(AUTHORS))
    drawn = walker.draw(walker.starts, seed=0)
    first = {"author": 0, "paper": AUTHORS, "venue": AUTHORS + PAPERS}
    path = [
        ("author", "paper", known["wrote"].forward),
        ("paper", "venue", known["at"].forward),
        ("venue", "paper", known["at"].reverse),
        ("paper", "author", known["wrote"].reverse),
    ]
    for hop, (source, target, csr) in enumerate(path):
        at, to = drawn[:, hop:-1:4].ravel() - first[source], drawn[:, hop + 1 :: 4].ravel() - first[target]
        matrix = dense(csr)
        check_transitions(at, to, matrix / matrix.sum(axis=1, keepdims=True))


def test_a_walk_ends_where_the_relation_does() -> None:
    """Author 0 wrote paper 0, which is at no venue; author 1 wrote nothing."""
    wrote = Relation.from_edges("wrote", "author", "paper", np.array([0]), np.array([0]), (2, 1))
    at = Relation.from_edges("at", "paper", "venue", np.empty(0, int), np.empty(0, int), (1, 1))
    walker = MetapathWalks(path=("wrote", "at", "~at", "~wrote"), length=5).over({"wrote": wrote, "at": at})
    assert walker.starts.tolist() == [0]
    assert walker.draw(np.array([0, 1]), seed=0).tolist() == [[0, 2, -1, -1, -1], [1, -1, -1, -1, -1]]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("wrote", "cites"), "no relation 'cites'"),
        (("wrote",), "'wrote' ends at 'paper' and the next begins at 'author'"),
        (("wrote", "wrote"), "'wrote' ends at 'paper' and the next begins at 'author'"),
        (("at", "~wrote"), "'at' ends at 'venue' and the next begins at 'paper'"),
    ],
)
def test_paths_that_do_not_fit_are_refused(path: tuple[str, ...], says: str) -> None:
    with pytest.raises(GraphError, match=says):
        MetapathWalks(path=path).over(relations())
