"""Fresh columns that know too much fail the replay with their name; honest ones pass it."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.errors import LeakError
from embedding_features.fresh import RECIPES, Events, FreshSeries
from embedding_features.graph import Graph
from embedding_features.methods import vbmf
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.experiment.leak_check import check_leaks
from ranking.leaks.columns import LeakCheck
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, small_world


@dataclass
class Leaking:
    """A series of one figure: a sum over the events that ``sees`` takes for known."""

    sees: object
    family: str = "toy"
    node_type: str = "user"
    other: str = "item"
    last: int = 10
    recipes: dict = field(default_factory=dict)

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


def check(task, labels, features, series):
    views = find_graph_columns(task, features)
    check_leaks(RawColumns(task, labels, views, SNAPSHOTS, fresh=series), features, LeakCheck(samples=12))


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_fails_with_its_name(leak, tmp_path):
    with pytest.raises(LeakError, match="'toy_user_fresh__fold_in_score' changes"):
        check(*world(tmp_path), [Leaking(LEAKS[leak])])


def test_strictly_earlier_events_pass(tmp_path):
    check(*world(tmp_path), [Leaking(lambda row, event, place: event < row)])


def test_every_recipe_passes(tmp_path):
    """The real things, on snapshots of the log's own beginning."""
    task, labels, features = world(tmp_path)
    snapshots = []
    for moment in SNAPSHOTS:
        known = labels.filter(np.array([t < moment for t in labels["timestamp"].to_pylist()]))
        if len(known):
            edges = {("user", "judged", "item"): (known["user_id"].to_numpy(), known["item_id"].to_numpy())}
            fitted = vbmf(dim=3, sweeps=2).fit(Graph.from_arrays(moment, edges))
            derived = derive(fitted, Clusters(k=3, top_k=1), ResidualTokens(levels=2, codes=3))
            snapshots.append(write_snapshot(derived, tmp_path / "s"))
    series = FreshSeries.read(snapshots, "user", tuple(RECIPES))
    assert set(series.recipes) == set(RECIPES)
    check(task, labels, features, [series])
