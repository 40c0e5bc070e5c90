"""A history holds what its label may know: earlier positive items, vectors of an older snapshot."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import DataError, LeakError
from ranking.dataset.dataset import build_dataset
from ranking.inputs.fields import History
from ranking.log_features.histories import Histories
from ranking.task.labels import load_labels
from ranking.task.task import LabelRule, Task
from ranking.testing.planted import of_groups
from tests.ranking_data import SNAPSHOTS, START, graph_features, label_table, moment, random_log, small_world

TASK = Task(log="none.parquet", label=LabelRule(column="rating", at_least=4))
MOMENTS = [moment(10), moment(25)]


def naive(users, items, hours, labels, length):
    """Every row against every row, newest first; of one moment the later row of the log first."""
    found = []
    for user, hour in zip(users, hours, strict=True):
        past = [k for k in range(len(users)) if users[k] == user and hours[k] < hour and labels[k]]
        found.append([items[k] for k in reversed(past)][:length])
    return found


@pytest.mark.parametrize("length", [1, 3, 50])
@pytest.mark.parametrize("seed", range(4))
def test_items_are_the_naive_ones(seed, length):
    """Random logs with many ties and repeats; in parts as at once."""
    log = random_log(seed, 90)
    histories = Histories(label_table(*log), length, MOMENTS)
    expected = naive(*log, length)
    assert histories.items(0, 90).to_pylist() == expected
    assert histories.items(31, 77).to_pylist() == expected[31:77]


def test_strings_and_nothing_before():
    histories = Histories(label_table(["a", "a", "b"], ["x", "y", "x"], [0, 1, 2], [1, 1, 0]), 2, [])
    assert histories.items(0, 3).to_pylist() == [[], ["x"], []]


def snapshot_of(hour):
    """How many snapshots are strictly older."""
    return sum(moment(hour) > made for made in MOMENTS)


def answered(histories, frame):
    """A store whose vector of item i in the s-th snapshot is [i, s]; item 3 is in none."""
    hours = [(t.as_py() - START).total_seconds() / 3600 for t in frame["event_timestamp"]]
    items = frame["item_id"].to_pylist()
    known = [snapshot_of(h) if i != 3 else 0 for i, h in zip(items, hours, strict=True)]
    vectors = [[i, s] if s else None for i, s in zip(items, known, strict=True)]
    return pa.chunked_array([pa.array(vectors, pa.list_(pa.float32(), 2))])


@pytest.mark.parametrize("seed", range(3))
def test_vectors_are_of_the_snapshot_the_label_sees(seed):
    """Of the label's moment, not of the event's; a snapshot made at the label's own moment is not seen."""
    users, items, hours, labels = random_log(seed, 120)
    histories = Histories(label_table(users, items, hours, labels), 4, MOMENTS)
    frame = histories.frame(TASK)
    pairs = list(zip(frame["item_id"].to_pylist(), frame["event_timestamp"].to_pylist(), strict=True))
    assert len(set(pairs)) == len(pairs) <= 8 * 3
    vectors = histories.vectors(answered(histories, frame))
    got = histories.lists(20, 120, vectors).to_pylist()
    expected = [
        [None if i == 3 or not snapshot_of(hour) else [i, snapshot_of(hour)] for i in past]
        for past, hour in zip(naive(users, items, hours, labels, 4), hours, strict=True)
    ]
    assert got == expected[20:]
    assert {vector[1] for row in got for vector in row if vector} == {1, 2}


def test_later_events_and_own_labels_are_in_no_history():
    """Flip every label from hour 30 on, and the rows up to then keep theirs; the own label never matters."""
    users, items, hours, labels = random_log(5, 200)
    cut = next(k for k, hour in enumerate(hours) if hour >= 30)
    flipped = [1 - y if k >= cut else y for k, y in enumerate(labels)]
    one, two = (
        Histories(label_table(users, items, hours, y), 5, []).items(0, 200) for y in (labels, flipped)
    )
    same_moment = next(k for k, hour in enumerate(hours) if hour > hours[cut])
    assert one[:same_moment].equals(two[:same_moment])
    assert not one.equals(two)


def test_vectors_before_every_snapshot_are_a_leak():
    log = random_log(0, 60)
    histories = Histories(label_table(*log), 3, MOMENTS)
    frame = histories.frame(TASK)
    everywhere = pa.chunked_array([pa.array([[1.0, 2.0]] * len(frame), pa.list_(pa.float32(), 2))])
    with pytest.raises(LeakError, match="no snapshot is older"):
        histories.vectors(everywhere)
    with pytest.raises(DataError, match="1 vectors of histories beside"):
        histories.vectors(everywhere.slice(0, 1))


def test_fields_of_histories(tmp_path):
    """Codes are the item id's; a vector that rows share is in the table once; the base group has ids only."""
    task = small_world(tmp_path)
    labels = load_labels(task)
    histories = Histories(labels, 4, SNAPSHOTS)
    frame = histories.frame(task)
    rng = np.random.default_rng(0)
    known = [any(made < t for made in SNAPSHOTS) for t in frame["event_timestamp"].to_pylist()]
    values = [rng.normal(size=4).tolist() if k else None for k in known]
    answer = pa.chunked_array([pa.array(values, pa.list_(pa.float32(), 4))])
    settings = {"histories": histories, "history_vectors": {"toy_item_vector": answer}}
    inputs = build_dataset(task, labels, graph_features(labels), SNAPSHOTS, **settings).inputs
    ids = next(field for field in inputs.fields if field.name == "item_id")
    code = dict(zip(labels["item_id"].to_pylist(), ids.codes.tolist(), strict=True))
    (plain,) = of_groups(inputs, "base").of(History)
    assert plain.table.shape == (1, 0)
    plain, dense = of_groups(inputs, "base", "dense").of(History)
    assert (dense.vector, dense.items, dense.size) == ("toy_item_vector", "item_id", ids.size)
    np.testing.assert_array_equal(plain.codes, dense.codes)
    for row, items in enumerate(histories.items(0, 400).to_pylist()):
        assert plain.codes[row].tolist() == [code[i] for i in items] + [0] * (4 - len(items))
    assert len(dense.table) - 1 == sum(known)
    assert (dense.rows[np.array(labels["timestamp"].to_pylist()) <= SNAPSHOTS[0]] == 0).all()
