"""A new surface: which labels are learned from, what each arm sees, and that users are new to it."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError
from ranking.dataset.raw_columns import RawColumns
from ranking.experiment.run import run_grid
from ranking.log_features.log import Log
from ranking.models import LightGBM
from ranking.studies.new_surface import ARMS, NewSurface, surface_arms, surface_items
from ranking.task.labels import load_labels
from ranking.task.task import FractionSplit
from tests.ranking_data import SNAPSHOTS, fresh_series, small_world


@pytest.fixture
def world(tmp_path):
    task = small_world(tmp_path, 1_200).model_copy(update={"split": FractionSplit(train=0.6, validation=0.2)})
    labels = load_labels(task)
    return task, labels, [fresh_series(labels, tmp_path / "snapshots")]


def made(world, labels=None) -> NewSurface:
    task, given, series = world
    log = Log.of(given if labels is None else labels)
    return NewSurface.of(task, log, surface_items(task, "genres", "war", log.items), SNAPSHOTS, series)


def test_items_of_a_surface_have_its_value(world) -> None:
    task, _, _ = world
    ids = pa.array([1, 2, 3, 4, 6])
    assert surface_items(task, "genres", "drama", ids).tolist() == [True, True, False, False, True]
    assert surface_items(task, "genres", "war", ids).tolist() == [False, True, False, False, True]
    with pytest.raises(ConfigError, match="'group', which is no column of the items' table"):
        surface_items(task, "group", "a", ids)
    with pytest.raises(ConfigError, match="no item has 'comedy' in 'genres'"):
        surface_items(task, "genres", "comedy", ids)


def test_the_newest_labels_are_learned_from_and_the_next_ones_stopped_by(world) -> None:
    surface = made(world)
    log = surface.raw.log
    is_war = np.isin(np.asarray(log.items)[log.item], [2, 6, 10, 14, 18])
    split = np.asarray(log.labels["split"].to_numpy(zero_copy_only=False))
    train, validation, test = (np.flatnonzero(is_war & (split == p)) for p in ("train", "validation", "test"))
    parts = surface.parts(40)
    assert parts["train"].tolist() == train[-40:].tolist()
    assert parts["validation"].tolist() == validation[:10].tolist()
    assert parts["test"].tolist() == test.tolist()
    with pytest.raises(ConfigError, match=f"{len(train)} labels to learn from"):
        surface.parts(len(train) + 1)


def test_each_arm_sees_more_than_the_one_before(world) -> None:
    dataset = made(world).dataset(60)
    seen = {arm.name: {field.name for field in arm.inputs().fields} for arm in surface_arms(dataset)}
    assert tuple(seen) == ARMS
    elsewhere, fresh = (seen[arm] - seen[before] for arm, before in zip(ARMS[1:], ARMS, strict=False))
    assert {"user_events", "user_smoothed", "user_genres_mean", "item_knn_knn"} <= elsewhere
    assert {"item_events", "item_smoothed", "item_genres", "user_group"} <= seen["surface"]
    assert fresh == {"vbmf_user_fresh_fold_in_score", "vbmf_user_fresh_fold_in_variance"}
    assert not {"user_id", "item_id"} & seen["fresh"]


def test_users_are_new_to_the_surface(world) -> None:
    """Other labels of a user there change nothing that is known of her, but what is known of its items."""
    task, labels, _ = world
    surface = made(world)
    of_surface = ~surface.raw.log.remembered
    other = np.asarray(labels["label"].to_numpy()).copy()
    other[of_surface] = 1 - other[of_surface]
    place = labels.column_names.index("label")
    changed = made(world, labels.set_column(place, "label", pa.array(other, pa.float32())))
    before, after = (one.raw.part(0, one.frame) for one in (surface, changed))
    of_users = [
        name for name in before.column_names if name.startswith(("user_events", "user_mean", "vbmf_"))
    ]
    assert any("fold_in_score" in name for name in of_users)
    for name in of_users:
        assert before[name].equals(after[name])
    assert not before["item_mean"].equals(after["item_mean"])
    whole = RawColumns(task, labels, (), SNAPSHOTS).part(0, surface.frame)
    assert not before["user_events"].equals(whole["user_events"])


def test_rankers_learn_from_the_labels_of_each_arm(world, tmp_path) -> None:
    dataset = made(world).dataset(80)
    scores = run_grid(dataset, surface_arms(dataset), {"trees": LightGBM(rounds=3)}, tmp_path, seeds=(0,))
    assert set(scores.scores["trees"]) == set(ARMS)
    assert len(scores.label) == len(dataset.parts["test"])
    assert scores.base_rate == dataset.inputs.label[dataset.parts["train"]].mean()
