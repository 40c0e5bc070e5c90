"""The cross-domain benchmark judges whom it says, by what it says."""

from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.cross_domain.compare import compared
from benchmarks.cross_domain.data import Pairs, Window, held_out, new_pairs, twins
from benchmarks.cross_domain.ranking import labelled
from benchmarks.cross_domain.retrieval import Case, cases, recalls
from ranking.metrics.replicates import UserRatio

AS_OF = datetime(2020, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
NOW = int(AS_OF.timestamp() * 1e6)


def pairs(*rows: tuple[int, int, int], time: int = NOW - DAY) -> Pairs:
    """(user, item, domain)."""
    columns = [np.array(c, np.int64) for c in zip(*rows, strict=True)]
    return Pairs(*columns, np.full(len(rows), time, np.int64))


def test_little_history_and_cold_items():
    """User 1 has one target edge, 2 none, 3 six, 4 no source edge; item 30 is known, 31 is not."""
    edges = pairs(
        (1, 10, 0), (1, 30, 1), (2, 10, 0), (3, 10, 0), (4, 30, 1), *[(3, 40 + i, 1) for i in range(6)]
    )
    late = pairs((1, 40, 1), (2, 30, 1), (2, 31, 1), (2, 11, 0), (3, 30, 1), (4, 40, 1), time=NOW + DAY)
    known, cold = Window("w", AS_OF, edges, late).little(1)
    assert list(zip(known.user, known.item, strict=True)) == [(1, 40), (2, 30)]
    assert list(zip(cold.user, cold.item, strict=True)) == [(2, 31)]


def test_new_pairs():
    """Neither an edge nor twice."""
    edges, late = pairs((1, 10, 0)), pairs((1, 10, 0), (1, 11, 0), (1, 11, 0))
    assert new_pairs(edges, late).item.tolist() == [11]


def test_held_out_share():
    """About a share of each user's pairs in each domain, never all; the same by the same seed."""
    many = pairs(*[(u, i, d) for u in range(200) for d in (0, 1) for i in range(10 * d, 10 * d + 1 + u % 9)])
    mask = held_out(many, 0.3, seed=0)
    group = many.user * 2 + many.domain
    assert (np.bincount(group, ~mask) > 0).all()
    big = np.bincount(group)[group] >= 4
    assert mask[big].mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(mask, held_out(many, 0.3, seed=0))


def test_twins():
    """Items 10 and 30 have users 1, 2 in common and 3, 4 apart; 11 and 31 share one of one."""
    edges = pairs(*[(u, 10, 0) for u in (1, 2, 3)], *[(u, 30, 1) for u in (1, 2, 4)], (5, 11, 0), (5, 31, 1))
    late = pairs((3, 30, 1), (6, 30, 1), (4, 10, 0), (5, 30, 1), (5, 31, 1))
    assert twins(edges, late).tolist() == [True, False, True, False, False]


def test_recall_of_popular_items_by_hand():
    """30 items by falling popularity: the 20 first that user 1 does not know; found are 2 of 3 and 0 of 1."""
    crowd = [(100 + c, item, 1) for item in range(30) for c in range(60 - 2 * item)]
    edges = pairs(*crowd, (1, 0, 1), (1, 99, 0), (2, 99, 0))
    late = pairs((1, 1, 1), (1, 20, 1), (1, 25, 1), (2, 21, 1), time=NOW + DAY)
    (case,) = cases([Window("hand", AS_OF, edges, late)], [1])
    users, recall = recalls(case, "popularity", ("als", ()), 0)
    assert users.tolist() == [1, 2]
    assert recall.tolist() == pytest.approx([2 / 3, 0])


def test_source_edges_find_what_taste_carries_over():
    """Two crowds that share taste in both domains: users without target edges find theirs by the source."""
    rng = np.random.default_rng(0)
    rows = [
        (user, 1000 * domain + 50 * (user % 2) + int(i), domain)
        for user in range(200)
        for domain in (0, 1)
        if domain == 0 or user >= 60
        for i in rng.choice(50, 8, replace=False)
    ]
    late = [(u, 1000 + 50 * (u % 2) + int(i), 1) for u in range(60) for i in rng.choice(50, 5, replace=False)]
    case = Case(window := Window("crowds", AS_OF, pairs(*rows), pairs(*late, time=NOW + DAY)), 1, window.late)
    choice = ("spectral", (("dim", 8), ("item_exponent", 0.4)))
    without, carried = (recalls(case, arm, choice, 0)[1].mean() for arm in ("target only", "with source"))
    assert without == pytest.approx(0.2, abs=0.06)  # the popular 20 of 100
    assert carried == pytest.approx(0.4, abs=0.06)  # 20 of the right 50


def test_negatives_are_of_the_domain_and_not_known():
    edges = pairs(
        (1, 10, 0), (1, 30, 1), *[(2, 30 + i, 1) for i in range(10)], *[(2, 10 + i, 0) for i in range(5)]
    )
    window = Window("n", AS_OF, edges, pairs((1, 31, 1), (1, 11, 0), time=NOW + DAY))
    rows = labelled(window, window.late, 0)
    drawn = rows.pairs.where(rows.label == 0)
    assert len(drawn) >= 3
    assert ((drawn.item >= 30) == (drawn.domain == 1)).all()
    assert not np.isin(drawn.item, [10, 11, 30, 31]).any()


def test_verdicts():
    """Interval above 0, below 0, around 0."""
    rng = np.random.default_rng(0)
    base = rng.random(200)

    def arm(shift: float) -> list[UserRatio]:
        return [UserRatio(base + shift + rng.normal(0, 0.3, 200), np.ones(200)) for _ in range(3)]

    arms = {"a": arm(0), "up": arm(0.2), "down": arm(-0.2), "same": arm(0)}
    found = compared(arms, 200, [("up", "a"), ("down", "a"), ("same", "a")])
    verdicts = [found[f"{name} - a"]["verdict"] for name in ("up", "down", "same")]
    assert verdicts == ["better", "worse", "no difference"]
    assert found["a"]["mean"] == pytest.approx(np.mean(found["a"]["seeds"]), abs=1e-4)
