"""Events that are seen late: figures lack them, and nothing else changes."""

import numpy as np
import pytest

from ranking.dataset.dataset import build_dataset
from ranking.experiment.factors.base import GridContext
from ranking.log_features.log import Log
from ranking.studies.late_events import lag_micros, late_arms
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, fresh_series, graph_features, small_world


@pytest.mark.parametrize(("lag", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400)])
def test_a_lag_is_a_number_and_a_unit(lag, seconds) -> None:
    assert lag_micros(lag) == seconds * 10**6


@pytest.mark.parametrize("lag", ["", "m", "0s", "1 m", "1w", "-1m", "1.5h", "1m "])
def test_what_is_no_lag_is_refused(lag) -> None:
    with pytest.raises(ValueError, match="write a number of s, m, h or d"):
        lag_micros(lag)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Name of an arm → field → its inputs' values, and the log."""
    folder = tmp_path_factory.mktemp("late")
    task = small_world(folder)
    labels = load_labels(task)
    series, log = [fresh_series(labels, folder / "snapshots")], Log.of(labels)
    dataset = build_dataset(task, log, graph_features(labels), SNAPSHOTS, fresh=series)
    arms = late_arms(dataset, task, log, series, GridContext(("vbmf",)), ["1s", "12h", "400d"])
    made = {
        arm.name: {f.name: np.asarray(f.values) for f in arm.inputs().fields if hasattr(f, "values")}
        for arm in arms
    }
    return made, log


def events(inputs, arm) -> np.ndarray:
    return np.expm1(inputs[0][arm]["vbmf_user_fresh_fold_in_events"])


def test_a_row_sees_the_events_that_are_old_enough(inputs) -> None:
    made, log = inputs
    assert list(made) == ["none", "fresh", "1s", "12h", "400d"]
    snapshot = np.array([int(t.timestamp() * 1e6) for t in SNAPSHOTS])
    for arm, lag in (("1s", 10**6), ("12h", 43_200 * 10**6), ("400d", 400 * 86_400 * 10**6)):
        found = events(inputs, arm)
        for row in np.flatnonzero(log.time > snapshot[0]):
            seen = (log.user == log.user[row]) & (log.time + lag < log.time[row])
            assert round(float(found[row])) == len(np.unique(log.item[seen]))


def test_nothing_else_changes(inputs) -> None:
    made, _ = inputs
    for arm in ("1s", "12h", "400d"):
        assert made[arm].keys() == made["fresh"].keys()
        for name, values in made["fresh"].items():
            if "_fresh_" not in name:
                np.testing.assert_array_equal(values, made[arm][name])
    for name, values in made["fresh"].items():  # no two events are within a second
        if "age_days" not in name:
            np.testing.assert_array_equal(values, made["1s"][name])
    assert not np.array_equal(
        made["fresh"]["vbmf_user_fresh_fold_in_score"], made["12h"]["vbmf_user_fresh_fold_in_score"]
    )
