"""Pixie's scores against what the exact chances of its walks say."""

import numpy as np
import pytest

from embedding_features.graph import CSR
from embedding_features.walks.pixie import PixieWalks, step_shares

#: user 0 has items 0 and 1, user 1 has 1 and 2, user 2 has 2 and 3, user 3 has 0 and 3 and 1
PAIRS = np.array([[0, 0], [0, 1], [1, 1], [1, 2], [2, 2], [2, 3], [3, 0], [3, 1], [3, 3]])
WEIGHTS = np.array([1, 3, 1, 1, 2, 1, 1, 1, 4], np.float32)


def matrices(weight: np.ndarray | None = None) -> tuple[CSR, CSR]:
    forward = CSR.from_edges(PAIRS[:, 0], PAIRS[:, 1], (4, 4), weight)
    return forward, forward.transposed()


def step_chances(weight: np.ndarray | None) -> np.ndarray:
    """[items, items] chances that a step from one item, over a user, comes to the other."""
    dense = np.zeros((4, 4))
    dense[PAIRS[:, 0], PAIRS[:, 1]] = 1 if weight is None else weight
    return (dense.T / dense.T.sum(1, keepdims=True)) @ (dense / dense.sum(1, keepdims=True))


def expected(user: int, walks: PixieWalks, weight: np.ndarray | None) -> np.ndarray:
    """The scores of endless walks: V_q is N_q times the chances of where a walk is after a step."""
    degrees, chances = np.bincount(PAIRS[:, 1], minlength=4), step_chances(weight)
    shares = degrees * (degrees.max() - np.log(degrees))
    items = PAIRS[PAIRS[:, 0] == user, 1]
    at = walks.restart * np.linalg.solve(np.eye(4) - (1 - walks.restart) * chances.T, chances.T)
    visits = [walks.steps * shares[q] / shares[items].sum() * at[:, q] for q in items]
    return np.sqrt(visits).sum(0) ** 2 if walks.booster else np.sum(visits, axis=0)


@pytest.mark.parametrize("booster", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["alike", "weighted"])
@pytest.mark.parametrize("restart", [0.3, 1.0])
def test_scores_are_those_of_endless_walks(booster: bool, weight: np.ndarray | None, restart: float) -> None:
    walks = PixieWalks(steps=200_000, restart=restart, booster=booster)
    got = walks.scores(*matrices(weight), np.arange(4), seed=0)
    for user in range(4):
        np.testing.assert_allclose(
            got[user], expected(user, walks, weight), rtol=0.04, atol=walks.steps * 2e-3
        )


def test_an_item_of_two_walks_beats_one_of_as_many_visits_from_one() -> None:
    """Of users 0 to 2 the walks of items 0 and 1 meet in item 2; item 3 is met from item 0 alone."""
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 2], [2, 1], [2, 2], [3, 0], [3, 3], [4, 0], [4, 3]])
    forward = CSR.from_edges(pairs[:, 0], pairs[:, 1], (5, 4))
    plain, boosted = (
        PixieWalks(steps=40_000, restart=1.0, booster=booster).scores(
            forward, forward.transposed(), np.array([0]), seed=1
        )[0]
        for booster in (False, True)
    )
    assert boosted[2] / boosted[3] > 1.3 * plain[2] / plain[3]


def test_walks_end_early_when_enough_items_have_their_visits() -> None:
    forward, reverse = matrices()
    whole = PixieWalks(steps=10_000, booster=False)
    early = whole.model_copy(update={"enough": 1, "visited": 20})
    assert whole.scores(forward, reverse, np.array([0]), seed=0).sum() == pytest.approx(10_000, abs=2)
    got = early.scores(forward, reverse, np.array([0]), seed=0)
    assert 2 * 20 <= got.sum() <= 2 * 4 * 20  # two items' walks, each until one of four items has 20


def test_scores_are_a_function_of_seed_and_user() -> None:
    walks, both = PixieWalks(steps=500), matrices()
    together = walks.scores(*both, np.array([2, 0, 1]), seed=3)
    np.testing.assert_array_equal(together[1:2], walks.scores(*both, np.array([0]), seed=3))
    assert not np.array_equal(together, walks.scores(*both, np.array([2, 0, 1]), seed=4))


def test_shares_are_by_degree_and_of_items_without_users_too() -> None:
    assert step_shares(np.array([4, 1, 0])).tolist() == pytest.approx([4 * (4 - np.log(4)), 4, 4])
