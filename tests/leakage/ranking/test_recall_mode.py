"""The recall mode knows nothing of its moment or later: candidates, popularity and the ranker's columns."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.errors import LeakError
from embedding_features.fresh import FreshSeries
from embedding_features.fresh.regression import regress_likes
from embedding_features.recall import RecallIndex
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.modes.merge import Candidates
from ranking.modes.pairs import pair_columns, pair_rows
from ranking.modes.recall import Indexes, RecallStage, recall_candidates
from ranking.modes.requests import Requests, requests_at
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, label_table, moment, random_log, small_world
from tests.unit.derive.made_embeddings import embeddings, table

STAGE = RecallStage(
    candidates=6, quotas={"fresh": 2, "interest": 2, "item2item": 2, "popular": 2, "cold_start": 2}
)


def indexes_of(root, as_of):
    rng = np.random.default_rng(0)
    sides = (("user", 4), ("item", 6))
    tables = {t: table(t, rng.normal(size=(n, 3)).astype(np.float32)) for t, n in sides}
    fold_ins = {"user": {"own": regress_likes("item", tables["item"].vectors, tables["user"].vectors)}}
    made = write_snapshot(replace(embeddings(tables, as_of=as_of), fold_ins=fold_ins), root)
    users, items = RecallIndex.build(made, "user"), RecallIndex.build(made, "item")
    return Indexes(users, items, FreshSeries.read([made], "user"))


def test_another_future_gives_the_same_candidates(tmp_path):
    """What happens from the moment on only says who is asked for: the common users' candidates are equal."""
    indexes = indexes_of(tmp_path, moment(15))
    users, items, hours, labels = random_log(3, 90)
    before = sum(h < 20 for h in hours)
    rng = np.random.default_rng(1)
    other = [*items[:before], *rng.permutation(items[before:]).tolist()]
    found = []
    for chosen in (items, other):
        requests = requests_at(label_table(users, chosen, hours, labels), moment(20), moment(40))
        candidates = recall_candidates(requests, indexes, STAGE).items.to_pylist()
        found.append(dict(zip(requests.users.to_pylist(), candidates, strict=True)))
    common = found[0].keys() & found[1].keys()
    assert len(common) >= 3
    assert all(found[0][user] == found[1][user] for user in common)


@pytest.mark.parametrize("source", ["fresh", "interest", "item2item", "cold_start"])
@pytest.mark.parametrize("hours", [20, 25])
def test_an_index_of_the_moment_or_later_is_refused(source, hours, tmp_path):
    requests = requests_at(label_table(*random_log(3, 90)), moment(20), moment(40))
    with pytest.raises(LeakError, match="strictly older"):
        recall_candidates(
            requests, indexes_of(tmp_path, moment(hours)), STAGE.model_copy(update={"quotas": {source: 3}})
        )


def test_a_pair_has_the_columns_that_a_label_of_its_moment_has(tmp_path):
    """Each label of the log, asked for as a candidate, with candidates beside it that never happened."""
    task = small_world(tmp_path)
    labels = load_labels(task)
    features = graph_features(labels)
    whole = RawColumns(task, labels, find_graph_columns(task, features), SNAPSHOTS).part(0, features)
    for row in (5, 150, 250, 399):
        asked = labels.slice(row, 1)
        past = labels.filter(pc.less(labels["timestamp"], asked["timestamp"][0]))
        user, item = asked["user_id"][0].as_py(), asked["item_id"][0].as_py()
        items = [i for i in range(1, 21) if i != item]
        items.insert(7, item)
        one = pa.array([items], pa.list_(pa.int64()))
        requests = Requests(
            asked["timestamp"][0].as_py(), pa.array([user]), pa.array([[]], one.type), one, past
        )
        pairs = pair_rows(requests, Candidates(one, {}))
        beside = pa.concat_tables([features.slice(row, 1)] * len(items))
        got = pair_columns(task, requests, pairs, beside, SNAPSHOTS)
        assert got.slice(7, 1).equals(whole.slice(row, 1))
