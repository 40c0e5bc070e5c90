"""Skip-grams that start from earlier vectors: what is new, what is held, and what is refused."""

from typing import Any

import numpy as np
import pytest

from embedding_features.errors import DataError
from embedding_features.solvers.sgns import SGNS, SkipGram
from embedding_features.solvers.sgns.pair import Hold, Model, train_held_pair
from embedding_features.solvers.sgns.sigmoid import sigmoid_table
from embedding_features.solvers.sgns.start import first_model
from embedding_features.walks import UniformWalks
from tests.unit.walks.graphs import random_graph

pytestmark = pytest.mark.usefixtures("one_thread")

ROWS, DIM = 40, 4
WALKER = UniformWalks(length=12).over(random_graph(0, nodes=ROWS, edges=80))


def sgns(**settings: Any) -> SGNS:
    return SGNS(dim=DIM, walks_per_node=3, window=3, learning_rate=0.1, **settings)


def start(new: slice = slice(0, 0)) -> SkipGram:
    tables = np.random.default_rng(1).standard_normal((2, ROWS, DIM)).astype(np.float32)
    tables[:, new] = np.nan
    return SkipGram(*tables)


def test_a_held_step_by_hand() -> None:
    """The step of rate .1 gives v = (1, .05), c₀ = (.05, 2), c₁ = (-.05, 1); λ = 10 halves the way back.

    v was (0, 0) before, c₀ was not there, c₁ was (1, 1) before: frozen, it does not move, and v moves as if
    it did.
    """
    frozen = np.array([False, False, False])
    before = np.array([[0, 0], [0, 0], [np.nan, np.nan]], np.float32)
    was = np.array([[np.nan, np.nan], [1, 1], [3, 3]], np.float32)
    hold = Hold(frozen, np.float32(10), before, was)

    def step(hold: Hold) -> tuple[np.ndarray, np.ndarray]:
        vectors = np.array([[9, 9], [1, 0], [7, 7]], np.float32)
        contexts = np.array([[0, 2], [0, 1], [5, 5]], np.float32)
        model, memory = Model(vectors, contexts, sigmoid_table()), np.empty((2, 2), np.float32)
        train_held_pair(model, hold, 1, np.array([0, 1]), np.float32(0.1), *memory)
        return vectors, contexts

    vectors, contexts = step(hold)
    np.testing.assert_allclose(vectors, [[9, 9], [0.5, 0.025], [7, 7]], rtol=1e-6)
    np.testing.assert_allclose(contexts, [[0.05, 2], [0.475, 1], [5, 5]], rtol=1e-6)
    frozen[1] = True
    vectors, contexts = step(hold._replace(l2=np.float32(0)))
    np.testing.assert_allclose(vectors, [[9, 9], [1, 0], [7, 7]], rtol=1e-6)
    np.testing.assert_allclose(contexts, [[0.05, 2], [0, 1], [5, 5]], rtol=1e-6)


def test_new_rows_are_drawn_from_minus_one_to_one_over_dim() -> None:
    model = first_model(2000, 8, 3, None)
    assert not model.contexts.any()
    assert 0.124 < np.abs(model.vectors).max() <= 0.125
    shares, _ = np.histogram(model.vectors, bins=5, range=(-0.125, 0.125))
    np.testing.assert_allclose(shares / model.vectors.size, 0.2, atol=0.015)


def test_rows_start_where_they_were_and_new_ones_as_usual() -> None:
    slow, given = sgns(), start(new=slice(0, 10))
    slow = slow.model_copy(update={"learning_rate": 1e-4})
    kept = SkipGram(given.vectors.copy(), given.contexts.copy())
    found, fresh = slow.fit(WALKER, seed=2, start=given), slow.fit(WALKER, seed=2)
    for name in ("vectors", "contexts"):
        after, before = getattr(found, name), getattr(given, name)
        np.testing.assert_allclose(after[10:], before[10:], atol=0.05)
        np.testing.assert_allclose(after[:10], getattr(fresh, name)[:10], atol=0.05)
        np.testing.assert_array_equal(before, getattr(kept, name))
        assert np.abs(after[10:] - before[10:]).min(axis=1).max() > 0
    assert np.abs(fresh.vectors[10:]).max() < 0.3 < np.abs(given.vectors[10:]).mean()


def test_frozen_rows_do_not_move_and_others_do() -> None:
    given, frozen = start(new=slice(0, 10)), np.arange(ROWS) % 2 == 1
    frozen[:10] = False
    found = sgns().fit(WALKER, start=given, frozen=frozen)
    for name in ("vectors", "contexts"):
        after, before = getattr(found, name), getattr(given, name)
        np.testing.assert_array_equal(after[frozen], before[frozen])
        moved = np.abs(after - before)[10:][~frozen[10:]].max(axis=1)
        assert moved.min() > 1e-3


def test_l2_pulls_to_the_start_the_more_the_larger() -> None:
    given = start(new=slice(0, 10))
    away = []
    for l2 in (0.0, 1.0, 10.0, 1e6):
        found = sgns(l2=l2).fit(WALKER, start=given)
        both = found.vectors - given.vectors, found.contexts - given.contexts
        away.append([np.linalg.norm(table[10:]) for table in both])
        assert np.isfinite(found.vectors).all()
        assert np.abs(found.contexts[:10]).max() > 0.01
    assert (np.array(away[:3]) > 1.5 * np.array(away[1:])).all()
    assert max(away[3]) < 1e-3
    np.testing.assert_array_equal(sgns(l2=1.0).fit(WALKER).vectors, sgns().fit(WALKER).vectors)


def test_a_start_or_mask_that_does_not_fit_is_refused() -> None:
    given = start(new=slice(0, 10))
    wide = SkipGram(np.ones((ROWS, DIM + 1), np.float32), given.contexts)
    with pytest.raises(DataError, match=r"start of vectors \(40, 5\) for a skip-gram of \(40, 4\)"):
        sgns().fit(WALKER, start=wide)
    for value, at in ((np.nan, 20), (np.inf, 20), (np.inf, 3)):
        bad = SkipGram(given.vectors, given.contexts.copy())
        bad.contexts[at, 1] = value
        with pytest.raises(DataError, match="1 rows of the start's contexts hold infinity, or NaN in a part"):
            sgns().fit(WALKER, start=bad)
    with pytest.raises(DataError, match=r"mask of frozen rows of int64 \(40,\)"):
        sgns().fit(WALKER, start=given, frozen=np.zeros(ROWS, np.int64))
    with pytest.raises(DataError, match=r"mask of frozen rows of bool \(3,\)"):
        sgns().fit(WALKER, start=given, frozen=np.zeros(3, np.bool_))
    with pytest.raises(DataError, match="2 frozen rows have no start"):
        sgns().fit(WALKER, start=given, frozen=(np.arange(ROWS) >= 8) & (np.arange(ROWS) < 12))
    with pytest.raises(DataError, match="40 frozen rows have no start"):
        sgns().fit(WALKER, frozen=np.ones(ROWS, np.bool_))
