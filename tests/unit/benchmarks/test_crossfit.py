"""The CTR benchmark on a small made world: its inputs, its table, and how it chooses."""

import numpy as np
import pytest

from benchmarks import ctr, ctr_world
from benchmarks.ctr_world import SINCE, World, base_features, inputs
from ranking.log_features.crossfit import Attribute, LabelPairs
from ranking.models import LightGBM


def world() -> World:
    """40 users and 30 items in two camps each; the camp decides, and a third of the rows are early."""
    rng = np.random.default_rng(0)
    cells = rng.choice(1200, 900, replace=False)
    user, item = cells // 30, cells % 30
    label = ((user % 2 == item % 2) ^ (rng.random(900) < 0.1)).astype(np.float32)
    genre = Attribute("item", "genre", np.arange(30), np.arange(30) % 3)
    rows = np.arange(900)
    return World(
        pairs=LabelPairs(user, item, 40, 30),
        label=label,
        parts={"train": rows[:700], "val": rows[700:800], "test": rows[800:]},
        time=np.where(rows < 300, 0, SINCE + rows),
        attributes=(genre,),
        year=np.full(30, 1990, np.float32),
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> World:
    ranker = LightGBM(learning_rate=0.1, rounds=30, min_rows_in_leaf=10)
    monkeypatch.setattr(ctr, "RANKERS", {"lightgbm": ranker})
    monkeypatch.setattr(ctr, "SEEDS", (0, 1))
    monkeypatch.setattr(ctr_world, "BLOCKS", 2)
    monkeypatch.setattr(ctr_world, "FOLDS", 2)
    return world()


def test_graph_features_tell_the_camps_apart(small: World) -> None:
    cells, seconds = ctr.run(small, "time")
    assert seconds > 0
    assert list(cells) == [("lightgbm", "without"), ("lightgbm", "with")]
    table = {row["graph"]: row for row in (ctr.summary(*cell, found) for cell, found in cells.items())}
    assert table["with"]["auc"] > 0.8
    assert table["with"]["auc"] > table["without"]["auc"] + 0.1
    assert table["with"]["auc"] == pytest.approx(np.mean(cells["lightgbm", "with"]["auc"]))
    assert table["with"]["auc_spread"] == pytest.approx(np.ptp(cells["lightgbm", "with"]["auc"]))


def test_training_rows_are_those_with_features(small: World) -> None:
    made = ctr.split_inputs(small, "time", 0)
    assert {name: len(rows) for name, rows in made.items()} == {"train": 400, "val": 100, "test": 100}
    assert len(small.cross_parts("time", 0)) == 3
    assert len(ctr.split_inputs(small, "random", 0)["train"]) == 700


def test_no_field_moves_with_the_clock(small: World) -> None:
    """A later clock of the same order gives the same inputs."""
    later = World(**{**vars(small), "time": np.where(small.time > 0, 3 * small.time, 0)})
    one, other = (
        inputs(w, base_features(w, w.cross_parts("time", 0)), {}).fingerprint() for w in (small, later)
    )
    assert one == other
