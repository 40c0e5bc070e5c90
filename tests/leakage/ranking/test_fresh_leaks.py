"""Fresh columns that know too much fail the replay with their name; honest ones pass it."""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.errors import LeakError
from embedding_features.fresh import RECIPES, Events, make_walk
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.experiment.leak_check import check_leaks
from ranking.leaks.columns import LeakCheck
from ranking.log_features.log import Log
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, fresh_series, graph_features, moment, small_world


@dataclass
class Leaking:
    """A series of one figure: a sum over the events that ``sees`` takes for known."""

    sees: object
    family: str = "toy"
    node_type: str = "user"
    other: str = "item"
    last: int = 10
    recipes: dict = field(default_factory=dict)

    def before(self, moment: int) -> "Leaking":
        return self

    def column(self, figure: str) -> str:
        return f"toy_user_fresh__{figure}"

    def rows(self, events: Events, nodes, others):
        same = events.node[:, None] == events.node
        known = same & self.sees(events.time[:, None], events.time, np.arange(len(events.time)))
        return {"fold_in_score": known @ events.value.astype(float)}


LEAKS = {
    "a future event": lambda row, event, place: event > row - 1,
    "an event of the label's own microsecond": lambda row, event, place: (
        (event <= row) & (place[:, None] != place)
    ),
    "the label itself": lambda row, event, place: (event < row) | (place[:, None] == place),
}


def world(tmp_path):
    """The small world in moments of two hours, so that a user has several events in one."""
    task = small_world(tmp_path)
    log, step = pq.read_table(task.log), 7_200_000_000
    times = np.asarray(log["timestamp"].cast(pa.int64())) // step * step
    moved = log.set_column(2, "timestamp", pa.array(times).cast(log["timestamp"].type))
    once = moved.group_by(["user_id", "item_id", "timestamp"], use_threads=False).aggregate(
        [("rating", "min")]
    )
    pq.write_table(once.rename_columns(["user_id", "item_id", "timestamp", "rating"]), task.log)
    labels = load_labels(task)
    return task, labels, graph_features(labels)


def check(task, labels, features, series, samples=12):
    views = find_graph_columns(task, features)
    settings = LeakCheck(samples=samples)
    check_leaks(RawColumns(task, labels, views, SNAPSHOTS, fresh=series), features, settings)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_fails_with_its_name(leak, tmp_path):
    with pytest.raises(LeakError, match="'toy_user_fresh__fold_in_score' changes"):
        check(*world(tmp_path), [Leaking(LEAKS[leak])])


def test_strictly_earlier_events_pass(tmp_path):
    check(*world(tmp_path), [Leaking(lambda row, event, place: event < row)])


def test_every_recipe_passes(tmp_path):
    task, labels, features = world(tmp_path)
    series = fresh_series(labels, tmp_path / "snapshots", *RECIPES)
    assert set(series.recipes) == set(RECIPES)
    check(task, labels, features, [series])


def of_the_labels_moment(events, moments, *tables):
    """A walk whose rows see the newest snapshot that is not later."""
    return make_walk(events, moments - 1, *tables)


def of_the_next_moment(events, moments, *tables):
    """A walk whose rows see the first snapshot that is not older, where there is one."""
    return make_walk(events, np.append(0, moments)[: len(moments)], *tables)


@pytest.mark.parametrize("walk", [of_the_labels_moment, of_the_next_moment])
@pytest.mark.parametrize("samples", [1, 12])
def test_a_snapshot_that_is_not_older_fails_with_the_names(walk, samples, tmp_path, monkeypatch):
    task, labels, features = world(tmp_path)
    series = fresh_series(labels, tmp_path / "snapshots")
    monkeypatch.setattr("embedding_features.fresh.series.make_walk", walk)
    with pytest.raises(
        LeakError, match="'toy_user_fresh__fold_in_score' changes when rows after it"
    ) as found:
        check(task, labels, features, [replace(series, family="toy")], samples)
    assert "'toy_user_fresh__fold_in_vector' changes" in found.value.what


def test_a_series_before_a_moment_has_only_older_snapshots(tmp_path):
    """Of the first moment none are left, and every figure is null."""
    _, labels, _ = world(tmp_path)
    series = fresh_series(labels, tmp_path / "snapshots")
    micros = [moment(hours).timestamp() * 1e6 for hours in (50, 100, 150)]
    assert series.moments.tolist() == micros
    assert series.before(int(micros[1])).moments.tolist() == micros[:1]
    assert series.before(int(micros[1]) + 1).moments.tolist() == micros[:2]
    log = Log.of(labels)
    events = Events(log.codes("user"), log.codes("item"), log.time, log.label)
    nothing = series.before(int(micros[0])).rows(events, log.ids("user"), log.ids("item"))
    assert all(np.isnan(values).all() for values in nothing.values())
