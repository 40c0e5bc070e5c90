"""Skip-grams of histories find planted interests in sets of items, and planted sequences in their order."""

import numpy as np
import pytest

from embedding_features.arrays import F32, F64
from embedding_features.graph.csr import CSR
from embedding_features.solvers.sgns import SGNS
from embedding_features.walks import HistoryWalks

USERS, ITEMS, INTERESTS = 400, 120, 6


def cosines(vectors: F32) -> F64:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found: F64 = (unit @ unit.T).astype(np.float64)
    np.fill_diagonal(found, -np.inf)
    return found


@pytest.mark.parametrize("shuffled", [False, True])
def test_items_of_one_interest_are_near(shuffled: bool) -> None:
    """Three of four items are of the user's interest; of items joined to users at random none is near."""
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(USERS), 15)
    topic = np.arange(ITEMS) % INTERESTS
    item = rng.integers(0, ITEMS, len(user))
    inside = rng.random(len(user)) < 0.75
    own = rng.integers(0, ITEMS // INTERESTS, len(user)) * INTERESTS + user % INTERESTS
    item[inside] = own[inside]
    if shuffled:
        item = rng.permutation(item)
    walker = HistoryWalks(length=10).over(CSR.from_edges(user, item, (USERS, ITEMS)))
    sgns = SGNS(dim=16, walks_per_node=20, window=5, learning_rate=0.05)
    near = np.argsort(-cosines(sgns.fit(walker, seed=0).vectors), axis=1)[:, :10]
    same = (topic[near] == topic[:, None]).mean()
    chance = (ITEMS / INTERESTS - 1) / (ITEMS - 1)
    assert same < chance + 0.05 if shuffled else same > 0.97


@pytest.mark.parametrize(("order", "band"), [("time", (0.95, 1.0)), ("shuffled", (0.0, 0.3))])
def test_items_that_follow_each_other_are_told_where_time_is_kept(
    order: str, band: tuple[float, float]
) -> None:
    """Every user goes 30 steps along a ring of items, from anywhere: only time tells who comes next.

    Of items the two likeliest outputs are looked at, whether they are the one before and the one behind.
    """
    rng = np.random.default_rng(1)
    user, step = np.repeat(np.arange(USERS), 30), np.tile(np.arange(30), USERS)
    item = (rng.integers(0, ITEMS, USERS)[user] + step) % ITEMS
    edges = CSR.from_edges(user, item, (USERS, ITEMS), time=step.astype(np.int64))
    walks = HistoryWalks.model_validate({"order": order, "length": 20})
    sgns = SGNS(dim=16, walks_per_node=20, window=2, learning_rate=0.05)
    found = sgns.fit(walks.over(edges), seed=0)
    likeliest = np.argsort(-found.vectors @ found.contexts.T, axis=1)[:, :2]
    steps = (likeliest - np.arange(ITEMS)[:, None]) % ITEMS
    low, high = band
    assert low <= np.isin(steps, (1, ITEMS - 1)).mean() <= high
