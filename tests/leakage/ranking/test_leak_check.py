"""Columns that tell the label by themselves are named; honest ones, and small data, raise no alarm."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.config import parse_config
from embedding_features.errors import ConfigError, DataError, LeakError
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.leaks.columns import LeakCheck, check_columns
from ranking.leaks.statistics import Labelled
from ranking.log_features.histories import Histories
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, small_world
from tests.ranking_raw import raw_rows

N = 2000


def world(seed=0, n=N, share=0.4):
    """Users and items of many rows each, honest columns of every type, and the label of each row."""
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < share).astype(np.float32)
    ids = {"user_id": rng.integers(0, 300, n), "item_id": [f"i{k}" for k in rng.integers(0, 400, n)]}
    raw = raw_rows(n, seed)
    honest = {name: raw[name] for name in raw.column_names if name not in ids}
    helpful = label + rng.normal(0, 1, n)
    return rng, label, pa.table({**ids, **honest, "helpful": helpful})


def found(columns, label, **settings):
    """Each leak's line by the name of its column."""
    try:
        check_columns(columns, label, LeakCheck(**settings))
    except LeakError as error:
        return {line.split("'")[1]: line for line in error.what.splitlines()[1:]}
    return {}


def planted(rng, label):
    """Name → column that leaks, and what is said of it."""
    ones = label == 1
    hidden = ~ones & (rng.random(len(label)) < 0.5)
    status = np.where(ones, "delivered", np.where(hidden, "cancelled", "returned"))
    half = np.where(hidden, "cancelled", rng.choice(["sent", "open"], len(label)))
    lists = [[1.0] * (2 if y else 1) for y in ones]
    return {
        "itself": (label, "its value has an AUC of 1.0000"),
        "noisy": (label + rng.normal(0, 0.25, len(label)), "its value has an AUC of 0.99"),
        "large": (1e300 * (1 + ones / 8), "its value has an AUC of 1.0000"),
        "inverse": (pa.array((1 - label).astype(int), mask=rng.random(len(label)) < 0.2), "AUC of 1.0000"),
        "truth": (pa.array(ones), "rate of ones at other rows of the same value has an AUC of 1.0000"),
        "status": (pa.array(status.tolist()), "rate of ones at other rows of the same value has an AUC of 1"),
        "code": (
            1000 + 2 * rng.integers(0, 7, len(label)) + ones,
            "other rows of the same value has an AUC of 1.0000",
        ),
        "half": (
            pa.array(half.tolist()),
            f"all {hidden.sum()} rows with value = 'cancelled' have the label 0",
        ),
        "lost": (
            pa.array(rng.random(len(label)), mask=hidden),
            f"all {hidden.sum()} rows with missing = True",
        ),
        "nan": (np.where(hidden, np.nan, rng.random(len(label))), "missing = True have the label 0"),
        "there": (pa.array(["x"] * len(label), mask=~(ones & ~hidden)), "missing = False have the label 1"),
        "date": (pa.array(np.arange(len(label)), pa.timestamp("s"), mask=hidden), "missing = True"),
        "vector": (pa.array(lists, mask=hidden), "missing = True have the label 0"),
        "length": (pa.array(lists), "its length has an AUC of 1.0000"),
        "emptied": (pa.array([[] if h else [1, 2] for h in hidden]), "rows with length = 0 have the label 0"),
    }


LEAKS = tuple(planted(np.random.default_rng(0), np.ones(2)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_fails_with_its_name(name, seed):
    rng, label, columns = world(seed)
    column, says = planted(rng, label)[name]
    leaks = found(columns.append_column("planted", [column]), label)
    assert list(leaks) == ["planted"]
    assert says in leaks["planted"]
    assert not found(columns.append_column("planted", [column]), label, allow=["planted", "no such"])


def test_every_leak_is_named_at_once_and_the_fix_with_it():
    _, label, columns = world()
    both = columns.append_column("one", [label]).append_column("two", [1 - label])
    with pytest.raises(LeakError) as error:
        check_columns(both, label)
    assert error.value.exit_code == 4
    assert [line.split(":")[0] for line in error.value.what.splitlines()[1:]] == ["  'one'", "  'two'"]
    assert "leave the column out, or name it in `allow`" in error.value.fix
    assert list(found(both, label, allow=["one"])) == ["two"]


def test_missing_timestamps_of_movielens_1m():
    """A third of the rows, all of label 0, came without their moment."""
    _, label, columns = world(share=0.6)
    lost = np.flatnonzero(label == 0)[: N // 3]
    moments = pa.array(np.arange(N), pa.int64(), mask=np.isin(np.arange(N), lost))
    leaks = found(columns.append_column("timestamp", [moments]), label)
    assert leaks == {
        "timestamp": f"  'timestamp': all {len(lost)} rows with missing = True have the label 0, by chance "
        "less often than 1e-09"
    }


@pytest.mark.parametrize("n", [1, 2, 10, 60, 150, 500])
def test_small_data_raise_no_alarm(n):
    """Many draws of few rows, with few ids and many, rare labels and even ones."""
    for seed in range(40):
        rng, label, columns = world(seed, n, share=(0.5, 0.1, 0.98)[seed % 3])
        few = columns.append_column("few", [rng.integers(0, 3, n)]).append_column("each", [np.arange(n)])
        assert not found(few, label)


def test_honest_raw_columns_pass(tmp_path):
    for seed in range(5):
        task = small_world(tmp_path, seed=seed)
        labels = load_labels(task)
        features = graph_features(labels)
        views = find_graph_columns(task, features)
        raw = RawColumns(task, labels, views, SNAPSHOTS, Histories(labels, 4, SNAPSHOTS))
        check_columns(raw.part(0, features), labels["label"].to_numpy())


def test_rows_of_one_user_or_item_are_one_draw():
    """A user of unknown age who likes nothing, an item without a price that nobody likes: 100 rows each."""
    rng, label, columns = world()
    nobody = columns.set_column(0, "user_id", [np.where(np.arange(N) < 100, 999, columns["user_id"])])
    lone = label * (np.arange(N) >= 100)
    age = pa.array(rng.integers(20, 60, N), mask=np.arange(N) < 100)
    assert not found(nobody.append_column("years", [age]), lone)
    item = pa.array(["x" if row < 100 else i for row, i in enumerate(columns["item_id"].to_pylist())])
    assert not found(columns.set_column(1, "item_id", item).append_column("price", [age]), lone)
    # the same of many users and items is no accident
    assert list(found(columns.append_column("years", [age]), lone)) == ["years"]
    # without ids, rows are all there is to count
    bare = columns.drop_columns(["user_id", "item_id"]).append_column("years", [age])
    assert list(found(bare, lone)) == ["years"]


def test_labels_with_a_period_hide_nothing():
    """One like after every four dislikes: folds counted off would hold one label each."""
    label = (np.arange(N) % 5 == 0).astype(np.float32)
    sort = pa.table({"kind": np.where(label == 1, "bought", "drawn")})
    assert "rate of ones" in found(sort, label)["kind"]


def test_limits():
    """Each setting moves what it says it moves."""
    rng, label, columns = world()
    bare = columns.select(["user_id", "item_id"])
    helpful = bare.append_column("helpful", [label + rng.normal(0, 0.6, N)])  # AUC 0.88
    assert not found(helpful, label)
    assert list(found(helpful, label, max_single_auc=0.85)) == ["helpful"]
    itself = bare.append_column("itself", [label + 0.1])
    assert not found(itself, label, max_single_auc=1)
    few = np.flatnonzero(label == 1)[:25].tolist() + np.flatnonzero(label == 0).tolist()
    assert not found(itself.take(few), label[few])
    assert list(found(itself.take(few), label[few], min_rows=25)) == ["itself"]
    lost = bare.append_column("lost", [pa.array(rng.random(N), mask=label == 0)])
    assert list(found(lost, label)) == ["lost"]
    assert not found(lost, label, max_chance=0)


def test_rates_are_of_other_folds():
    """Of a value, the ones and rows of the other folds, with one row of all the others' share added."""
    label, fold = np.array([1, 0, 1, 1, 0, 0], np.bool_), np.array([0, 0, 1, 1, 2, 2])
    rows = Labelled(label, (np.arange(6),), fold)
    rate = rows.rate_elsewhere(pa.array(["a", "b", "a", None, "a", None]))
    assert rate.tolist() == pytest.approx(
        [(1 + 0.5) / 3, 0.5, (1 + 0.25) / 3, 0.25 / 2, (2 + 0.75) / 3, (1 + 0.75) / 2]
    )


def test_what_is_no_label_or_setting():
    _, label, columns = world(n=10)
    with pytest.raises(DataError, match="9 labels of 10 rows"):
        check_columns(columns, label[:9])
    with pytest.raises(DataError, match="not 0 or 1"):
        check_columns(columns, label * np.nan)
    for wrong in ({"max_single_auc": 0.5}, {"max_chance": 1.0}, {"samples": -1}, {"alow": ["x"]}):
        with pytest.raises(ConfigError):
            parse_config(wrong, LeakCheck, "leaks")
