"""No feature of a row moves when its own label, its block's, or a test row's does."""

from collections.abc import Callable

import numpy as np
import pytest

from embedding_features.arrays import F32, I64, Bool
from embedding_features.methods import make
from ranking.log_features.crossfit import (
    JUDGED,
    Attribute,
    Fold,
    GraphScores,
    LabelPairs,
    Levels,
    Tastes,
    cross_fit,
    random_folds,
    time_blocks,
)

ROWS, USERS, ITEMS = 120, 15, 12
RNG = np.random.default_rng(0)
CELLS = RNG.choice(USERS * ITEMS, ROWS, replace=False)
PAIRS = LabelPairs(CELLS // ITEMS, CELLS % ITEMS, USERS, ITEMS)
LABEL = RNG.integers(0, 2, ROWS).astype(np.float32)
TIME = RNG.permutation(ROWS).astype(np.int64)
TRAIN = TIME < 100
GENRE = Attribute("item", "genre", np.arange(ITEMS), np.arange(ITEMS) % 2)

Split = Callable[[Bool, I64], list[Fold]]


def folds(train: Bool, time: I64) -> list[Fold]:
    return random_folds(train, 4, seed=0)


def blocks(train: Bool, time: I64) -> list[Fold]:
    return time_blocks(train, time, since=40, blocks=3)


def features(label: F32, split: Split) -> dict[str, F32]:
    """Levels, tastes and scores of a real method; labels of test rows are given as they are."""
    method = make("bpmf", dim=4, factors=2, burn_in=2, draws=4, relation=JUDGED, attributes=("genre",))
    makers = (
        Levels(),
        Tastes([GENRE], Levels()),
        GraphScores("bpmf", lambda graph, seed: method.fit(graph, seed=seed), [GENRE]),
    )
    parts, made = split(TRAIN, TIME), {}
    for maker in makers:
        made |= cross_fit(PAIRS, label, parts, maker, seed=1)
    return made


@pytest.mark.parametrize("split", [folds, blocks])
def test_a_flipped_label_leaves_its_own_features_and_those_of_its_part(split: Split) -> None:
    before, parts = features(LABEL, split), split(TRAIN, TIME)
    part = parts[1]
    flipped = LABEL.copy()
    flipped[part.asked[0]] = 1 - flipped[part.asked[0]]
    after = features(flipped, split)
    others = np.setdiff1d(np.concatenate([p.asked for p in parts]), part.asked)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name][part.asked], values[part.asked])
        if not name.endswith("_events"):
            assert (after[name][others] != values[others]).any(), f"{name} uses no label at all"


@pytest.mark.parametrize("split", [folds, blocks])
def test_test_labels_are_never_read(split: Split) -> None:
    hidden = np.where(TRAIN, LABEL, np.nan).astype(np.float32)
    before, after = features(LABEL, split), features(hidden, split)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)


def test_later_labels_leave_earlier_blocks() -> None:
    """All labels from the second block on flipped: the first block's features stay."""
    parts = blocks(TRAIN, TIME)
    first = parts[0].asked
    start = TIME[parts[1].asked].min()
    flipped = np.where(start <= TIME, 1 - LABEL, LABEL)
    before, after = features(LABEL, blocks), features(flipped, blocks)
    for name, values in before.items():
        assert np.isfinite(values[first]).any()
        np.testing.assert_array_equal(after[name][first], values[first])
