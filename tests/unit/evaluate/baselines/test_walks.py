"""Baselines that walk: their scores are the walks' visits, over one relation or several."""

import numpy as np

from embedding_features.evaluate.baselines import Pixie, XWalk
from embedding_features.testing.graphs import clicks_view
from embedding_features.walks import VisitCounts
from embedding_features.walks.pixie import PixieWalks


def test_pixie_scores_by_its_walks() -> None:
    matrix, rows = clicks_view().matrix().forward, np.array([5, 0, 41])
    walks = PixieWalks(steps=2000)
    got = Pixie(walks=walks, seed=2).fit(matrix).scores(rows)
    np.testing.assert_array_equal(got, walks.scores(matrix, matrix.transposed(), rows, seed=2))
    assert got.shape == (3, 50)
    assert got.any()


def test_xwalk_scores_by_the_visits_of_a_walk_from_the_user() -> None:
    view, rows = clicks_view(), np.array([5, 0, 41])
    visits = VisitCounts(steps=2000, restart=0.4, top=110)
    got = XWalk(visits=visits, seed=2).fit(view.matrix().forward).scores(rows)
    found = visits.count(view.adjacency(), rows, seed=2)
    for row in range(3):
        names = dict(zip(found.nodes[row].tolist(), found.counts[row].tolist(), strict=True))
        assert got[row].tolist() == [names.get(60 + item, 0.0) for item in range(50)]
    assert got.any()


def test_xwalk_over_a_view_is_that_over_its_relation() -> None:
    """And the other way round: items ask for users."""
    view = clicks_view()
    baseline = XWalk(visits=VisitCounts(steps=500, restart=0.4, top=110))
    rows = np.arange(60)
    one = baseline.over(view, "user", "item").scores(rows)
    np.testing.assert_array_equal(one, baseline.fit(view.matrix().forward).scores(rows))
    assert baseline.over(view, "item", "user").scores(np.arange(50)).shape == (50, 60)
