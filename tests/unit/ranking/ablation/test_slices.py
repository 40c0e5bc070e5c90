"""Slices: their bounds by hand, that they part the rows, and the leak they notice."""

import numpy as np
import pytest

from embedding_features.config import parse_config
from embedding_features.errors import ConfigError, DataError, LeakError
from ranking.ablation.slices import SliceConfig, slices
from ranking.experiment.scores import Scores

NAN = float("nan")


def rows(user_count: list[int], item_count: list[int], age: list[float]) -> Scores:
    n = len(user_count)
    return Scores(
        label=np.zeros(n, np.float32),
        user=np.arange(n),
        item=np.arange(n),
        user_count=np.array(user_count),
        item_count=np.array(item_count),
        snapshot_age=np.array(age, np.float32),
        scores={},
        base_rate=0.5,
    )


def test_bounds_golden() -> None:
    """Cold ends below 5, tail below 20; an age of 7 days is in the band that ends there."""
    scores = rows([0, 4, 5, 19, 20], [20, 19, 5, 4, 0], [0.5, 7.0, 7.5, 14.5, NAN])
    found = {s.name: np.flatnonzero(s.rows).tolist() for s in slices(scores, SliceConfig())}
    assert found == {
        "cold users": [0, 1],
        "tail users": [2, 3],
        "active users": [4],
        "cold items": [3, 4],
        "tail items": [1, 2],
        "head items": [0],
        "snapshot 0–7 days": [0, 1],
        "snapshot 7–14 days": [2],
        "snapshot over 14 days": [3],
        "no snapshot": [4],
    }


def test_each_kind_parts_the_rows() -> None:
    rng = np.random.default_rng(0)
    age = rng.exponential(10, 500)
    age[rng.random(500) < 0.2] = NAN
    scores = rows(rng.geometric(0.1, 500).tolist(), rng.geometric(0.05, 500).tolist(), age.tolist())
    found = slices(scores, SliceConfig(cold_user=2, tail_user=9, snapshot_days=(3, 10, 30)))
    for kind in (found[:3], found[3:6], found[6:]):
        np.testing.assert_array_equal(np.sum([s.rows for s in kind], axis=0), 1)


def test_definitions_state_the_configured_bounds() -> None:
    found = {
        s.name: s.definition for s in slices(rows([1], [1], [1.0]), SliceConfig(cold_user=3, tail_user=8))
    }
    assert found["cold users"] == "fewer than 3 earlier events of the user"
    assert found["tail users"] == "3 to 7 earlier events"


@pytest.mark.parametrize("age", [0.0, -2.0])
def test_a_snapshot_not_older_than_its_row_is_a_leak(age: float) -> None:
    with pytest.raises(LeakError, match="1 test rows"):
        slices(rows([1, 1], [1, 1], [3.0, age]), SliceConfig())


def test_negative_counts_are_refused() -> None:
    with pytest.raises(DataError, match="-1 earlier item events"):
        slices(rows([1], [-1], [1.0]), SliceConfig())


@pytest.mark.parametrize(
    "bad", [{"tail_user": 5}, {"cold_item": 30}, {"snapshot_days": [7, 7]}, {"snapshot_days": [0]}]
)
def test_bounds_must_ascend(bad: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        parse_config(bad, SliceConfig, "slices")
