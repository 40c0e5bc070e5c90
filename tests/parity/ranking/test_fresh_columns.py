"""A service makes the raw columns of fresh figures that training had, of every recipe and both sides."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from embedding_features.fresh import RECIPES, NodeEvents
from embedding_features.store.online_stores.histories.read import EventHistories
from ranking.dataset.fresh_columns import FreshColumns
from ranking.inputs.field_specs import NumberSpec, VectorSpec
from ranking.log_features.log import Log
from ranking.service.fresh_columns import FreshFigures
from ranking.service.subject import RankSubject
from ranking.task.task import LabelRule, SideSpec, Task
from tests.property.fresh.worlds import DAY, ITEMS, MOMENTS, series

TASK = Task(
    log=Path("log.parquet"),
    label=LabelRule(column="rating", at_least=4),
    user=SideSpec(node_type="user", column="user_id"),
    item=SideSpec(node_type="item", column="item_id"),
)
LATER = int(MOMENTS[-1].timestamp()) * 1_000_000
ASKED = LATER + 20 * DAY


def history(user, item, seed):
    """Events of after the snapshots, several of one moment, labels as values."""
    rng, n = np.random.default_rng(seed), len(user)
    return user, item, LATER + DAY * rng.integers(1, 9, n), rng.integers(0, 2, n)


def log_of(user, item, time, label, asked):
    """The log of events, and after it a row for each pair that is asked of."""
    users, items = zip(*asked, strict=True)
    times = pa.array(np.append(time, np.full(len(asked), ASKED)), pa.timestamp("us", "UTC"))
    return Log.of(
        pa.table(
            {
                "user_id": np.append(user, users),
                "item_id": np.append(item, items),
                "timestamp": times,
                "label": np.append(label, np.zeros(len(asked))).astype(np.float32),
            }
        )
    )


def assert_same(one, log, asked, columns):
    made = FreshColumns([one], TASK, log)
    trained = made.columns(len(log) - asked, asked)
    assert trained.keys() == columns.keys()
    for name, values in trained.items():
        served = columns[name].rows(asked)
        served = served.dictionary_decode() if pa.types.is_dictionary(served.type) else served
        assert values.type == served.type, name
        for trained_value, served_value in zip(values.to_pylist(), served.to_pylist(), strict=True):
            expected = np.array(trained_value, float)
            np.testing.assert_allclose(np.array(served_value, float), expected, rtol=1e-6, err_msg=name)
    return made


def test_of_a_user_and_candidates():
    rng = np.random.default_rng(0)
    user, item, time, label = history(np.full(30, 7), rng.integers(0, ITEMS, 30), 0)
    one = series(20, *RECIPES)
    events = NodeEvents(pa.array(item), label.astype(float), time)
    subject = RankSubject(7, list(range(ITEMS)), {}, [], events)
    columns = FreshFigures(((one, "user"),)).make(subject, {}, ASKED).columns
    log = log_of(user, item, time, label, [(7, i) for i in range(ITEMS)])
    made = assert_same(one, log, ITEMS, columns)
    specs = {field.name.removeprefix("toy_user_fresh_"): field for field in made.specs()}
    assert isinstance(specs["pooled_vector"], VectorSpec)
    assert specs["taste_clusters_events"].transform == "log1p"
    assert isinstance(specs["medoids_nearest"], NumberSpec)
    assert columns["toy_user_fresh__pooled_vector"].shared


def test_of_items_and_a_user():
    """What users' events say of each candidate, which snapshots without fold-ins of items have as well."""
    rng = np.random.default_rng(1)
    user, item, time, label = history(rng.integers(0, 4, 60), rng.integers(0, 4, 60), 1)
    one = series(20, *RECIPES, node_type="item")
    assert "fold_in" not in one.recipes
    by_item = np.argsort(item, kind="stable")
    offsets = np.searchsorted(item[by_item], np.arange(5))
    events = pa.array(user[by_item]), label[by_item].astype(float), time[by_item]
    subject, read = RankSubject(2, list(range(4)), {}, []), {"item": EventHistories(offsets, *events)}
    columns = FreshFigures(((one, "item"),)).make(subject, read, ASKED).columns
    assert_same(one, log_of(user, item, time, label, [(2, i) for i in range(4)]), 4, columns)
