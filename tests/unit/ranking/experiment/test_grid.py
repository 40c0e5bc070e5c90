"""The grid of cells: resumed, kept apart, whole or not there."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from embedding_features.errors import ConfigError, TrainingError
from ranking.dataset.dataset import build_dataset
from ranking.experiment.arms import make_arm
from ranking.experiment.factors.base import GridContext
from ranking.experiment.importance import FieldImportance, Importance
from ranking.experiment.run import run_grid
from ranking.experiment.trained_cell import TrainedCell, read_cell, write_cell
from ranking.experiment.variants import DEFAULT_GRID, Variant, expand
from ranking.models import DLRM, LightGBM
from ranking.models.base import FittedRanker, Ranker
from ranking.models.training import RankerTraining
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, small_world, variant_of

VARIANTS = [one for one in expand(DEFAULT_GRID) if one["features"] != "fresh"]
IMPORTANCE = Importance(
    ranker="toy",
    variant="none",
    method="permutation",
    fields=(FieldImportance(field="user_mean", group="counts", value=0.02),),
)


def arms(dataset, *features):
    """Arms of features from the store; all of the default grid."""
    chosen = [Variant(features=name) for name in features] or VARIANTS
    return [make_arm(dataset, variant, GridContext(("toy",))) for variant in chosen]


FITS: list[tuple[float, int, int]] = []


class Toy(Ranker):
    """Scores its own seed and number of fields; counts its fits; fails on demand."""

    kind: Literal["toy"] = "toy"
    level: float = 0.5
    fails: bool = False

    def _fit(self, train, validation, seed, progress):
        if self.fails and seed == 1:
            raise TrainingError("asked to fail")
        FITS.append((self.level, len(train.fields), seed))
        return FittedToy(self, train, self.level / (2 + seed) + len(train.fields) / 1e3)

    def restore(self, folder, about):
        raise NotImplementedError


class FittedToy(FittedRanker):
    def __init__(self, ranker, inputs, level):
        super().__init__(ranker, inputs.layout(), 1)
        self.level = level

    def _predict(self, inputs):
        return np.full(len(inputs), self.level, np.float32)

    def _save(self, folder):
        raise NotImplementedError


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    task = small_world(tmp_path_factory.mktemp("world"))
    labels = load_labels(task)
    return build_dataset(task, labels, graph_features(labels), SNAPSHOTS)


@pytest.fixture(autouse=True)
def _no_fits():
    FITS.clear()


def test_scores_are_those_of_each_cell(dataset, tmp_path):
    """Ranker, variant and seed land where they belong; the rows are the test's."""
    scores = run_grid(
        dataset, arms(dataset, "none", "all"), {"low": Toy(level=0.2), "high": Toy()}, tmp_path, seeds=(0, 5)
    )
    test = dataset.parts["test"]
    for name, level in (("low", 0.2), ("high", 0.5)):
        for variant in ("none", "all"):
            fields = len(variant_of(dataset, features=variant).fields)
            expected = [level / 2 + fields / 1e3, level / 7 + fields / 1e3]
            got = scores.scores[name][variant]
            assert got.shape == (2, len(test))
            np.testing.assert_allclose(got, np.repeat(np.array(expected)[:, None], len(test), 1), rtol=1e-6)
            assert scores.seconds[name][variant] >= 0
    np.testing.assert_array_equal(scores.label, dataset.inputs.label[test])
    np.testing.assert_array_equal(scores.user_count, dataset.user_events[test])
    assert scores.base_rate == pytest.approx(dataset.inputs.label[dataset.parts["train"]].mean())


def test_a_rerun_trains_nothing(dataset, tmp_path):
    first = run_grid(dataset, arms(dataset), {"toy": Toy()}, tmp_path, seeds=(0, 1))
    assert len(FITS) == 2 * len(VARIANTS)
    again = run_grid(dataset, arms(dataset), {"toy": Toy()}, tmp_path, seeds=(1, 0))
    assert len(FITS) == 2 * len(VARIANTS)
    np.testing.assert_array_equal(again.scores["toy"]["all"][::-1], first.scores["toy"]["all"])
    assert again.seconds["toy"] == pytest.approx(first.seconds["toy"])


def test_only_what_changed_is_trained_again(dataset, tmp_path):
    """A seed more, other settings, another value of one group: the cells it touches, no others."""
    run_grid(dataset, arms(dataset), {"toy": Toy()}, tmp_path, seeds=(0,))
    FITS.clear()
    run_grid(dataset, arms(dataset), {"toy": Toy()}, tmp_path, seeds=(0, 1))
    assert {seed for _, _, seed in FITS} == {1}
    FITS.clear()
    run_grid(dataset, arms(dataset, "none"), {"toy": Toy(level=0.4)}, tmp_path, seeds=(0,))
    assert len(FITS) == 1
    FITS.clear()
    inputs = dataset.inputs.take(np.arange(len(dataset.inputs)))
    next(field for field in inputs.fields if field.group == "clusters").codes[0] ^= 1
    changed = type(dataset)(**{**vars(dataset), "inputs": inputs})
    run_grid(changed, arms(changed), {"toy": Toy()}, tmp_path, seeds=(0,))
    touched = {len(variant_of(dataset, features=variant).fields) for variant in ("clusters", "all")}
    assert {fields for _, fields, _ in FITS} == touched


def test_a_failure_keeps_what_was_finished(dataset, tmp_path):
    """The error comes out; the rerun trains only what was missing."""
    with pytest.raises(TrainingError, match="asked to fail"):
        run_grid(dataset, arms(dataset, "none"), {"toy": Toy(fails=True)}, tmp_path, seeds=(0, 1), workers=1)
    assert [(0.5, len(variant_of(dataset).fields), 0)] == FITS
    assert len(list(tmp_path.glob("*.parquet"))) == 1


def test_a_damaged_cell_is_trained_again(dataset, tmp_path):
    run_grid(dataset, arms(dataset, "none"), {"toy": Toy()}, tmp_path, seeds=(0,))
    (path,) = tmp_path.glob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    FITS.clear()
    run_grid(dataset, arms(dataset, "none"), {"toy": Toy()}, tmp_path, seeds=(0,))
    assert len(FITS) == 1
    run_grid(dataset, arms(dataset, "none"), {"toy": Toy()}, tmp_path, seeds=(0,))
    assert len(FITS) == 1


def test_a_cell_and_its_key(tmp_path):
    path = tmp_path / "cell.parquet"
    cell = TrainedCell(np.array([0.25, 1 / 3], np.float32), 1.5, 7, 0.6, 2.5, IMPORTANCE)
    write_cell(path, cell, "key", {"ranker": "toy"})
    kept = read_cell(path, "key", 2)
    assert kept is not None
    np.testing.assert_array_equal(kept.score, cell.score)
    assert replace(kept, score=cell.score) == cell
    assert read_cell(path, "other", 2) is None
    assert read_cell(path, "key", 3) is None
    assert read_cell(tmp_path / "none.parquet", "key", 2) is None


def test_scores_do_not_depend_on_the_number_of_workers(dataset, tmp_path):
    rankers = {"lightgbm": LightGBM(min_rows_in_leaf=5), "dlrm": DLRM(training=RankerTraining(epochs=2))}
    one, two = (
        run_grid(
            dataset,
            arms(dataset, "none", "all"),
            rankers,
            tmp_path / str(workers),
            seeds=(0, 1),
            workers=workers,
        )
        for workers in (1, 3)
    )
    for name in rankers:
        for variant in ("none", "all"):
            np.testing.assert_array_equal(one.scores[name][variant], two.scores[name][variant])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rankers": {}}, "at least one ranker"),
        ({"seeds": (0, 0)}, "seeds"),
        ({"features": ("none", "none")}, "variants"),
        ({"rankers": {"../toy": Toy()}}, "not allowed"),
    ],
)
def test_what_a_grid_may_not_be(dataset, tmp_path, change, says):
    settings = {"rankers": {"toy": Toy()}, "seeds": (0,), "features": ("none",), **change}
    chosen = arms(dataset, *settings["features"])
    with pytest.raises(ConfigError, match=says):
        run_grid(dataset, chosen, settings["rankers"], tmp_path, seeds=settings["seeds"])
