"""From a log to labels, fields and variants: the stated rules, one by one."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.config import load_config
from embedding_features.errors import DataError
from ranking.dataset.dataset import build_dataset
from ranking.dataset.graph_columns import find_graph_columns
from ranking.encoders.bags import padded_bag
from ranking.encoders.codes import ValueCodes
from ranking.encoders.vectors import vectors
from ranking.inputs.arrow import Lists, floats
from ranking.inputs.fields import Bag, Category, Number, Vector
from ranking.task.labels import entity_frame, load_labels
from ranking.task.task import FractionSplit, LabelRule, MomentSplit, SideSpec, SideTable, Task
from ranking.testing.planted import of_groups
from tests.ranking_data import MICROS, SNAPSHOTS, graph_features, log_table, moment, small_world, write_task

LOG = log_table([1, 2, 3, 1, 2, 1], [7, 8, 9, 7, 7, 8], [4, 1, 2, 0, 4, 2], [5, 1, 4, 4, 3, 3])
HALVES = {"split": MomentSplit(validation=moment(2), test=moment(3))}


def test_labels_of_a_small_log(tmp_path):
    """Sorted by moment, user, item; 1 from the threshold up; parts begin at their moments."""
    labels = load_labels(write_task(tmp_path, LOG, **HALVES))
    assert labels.select(["row", "user_id", "item_id", "label", "split"]).to_pylist() == [
        {"row": r, "user_id": u, "item_id": i, "label": y, "split": part}
        for r, u, i, y, part in [
            (0, 1, 7, 1.0, "train"),
            (1, 2, 8, 0.0, "train"),
            (2, 1, 8, 0.0, "validation"),
            (3, 3, 9, 1.0, "validation"),
            (4, 1, 7, 1.0, "test"),
            (5, 2, 7, 0.0, "test"),
        ]
    ]
    assert labels["timestamp"].type == MICROS
    assert labels["timestamp"].to_pylist()[3] == moment(2)


def test_a_fraction_split_keeps_a_moment_together(tmp_path):
    rng = np.random.default_rng(0)
    hours = rng.integers(0, 40, 500)
    log = log_table(rng.integers(0, 30, 500), range(500), hours, rng.integers(1, 6, 500))
    labels = load_labels(write_task(tmp_path, log, split=FractionSplit(train=0.6, validation=0.2)))
    last = {}
    for part, time in zip(labels["split"].to_pylist(), labels["timestamp"].to_pylist(), strict=True):
        assert last.setdefault(time, part) == part
    counts = {v["values"]: v["counts"] for v in labels["split"].value_counts().to_pylist()}
    assert counts["train"] == pytest.approx(300, abs=20)
    assert counts["test"] == pytest.approx(100, abs=35)
    assert labels["split"].to_pylist() == sorted(
        labels["split"].to_pylist(), key=["train", "validation", "test"].index
    )


def test_string_ids_and_other_names(tmp_path):
    log = LOG.set_column(0, "member", pa.array([f"u{i}" for i in LOG["user_id"].to_pylist()]))
    task = write_task(tmp_path, log, user=SideSpec(node_type="member", column="member"), **HALVES)
    labels = load_labels(task)
    assert labels.schema.field("user_id").type == pa.string()
    frame = entity_frame(task, labels)
    assert frame.column_names == ["member_id", "item_id", "event_timestamp"]


def test_a_row_said_twice_counts_once(tmp_path, caplog):
    labels = load_labels(write_task(tmp_path, pa.concat_tables([LOG, LOG.slice(0, 2)]), **HALVES))
    assert labels.num_rows == 6
    assert "2 rows" in caplog.text


def test_a_task_survives_yaml(tmp_path):
    (tmp_path / "task.yaml").write_text(
        "log: log.parquet\nlabel: {column: rating, at_least: 4}\n"
        "split: {validation: 2026-01-01T00:00:00Z, test: 2026-02-01T00:00:00Z}\n"
    )
    task = load_config(tmp_path / "task.yaml", Task)
    assert isinstance(task.split, MomentSplit)
    assert task.split.validation == moment(0)


def replaced(name, values):
    return LOG.set_column(LOG.schema.get_field_index(name), name, values)


@pytest.mark.parametrize(
    ("log", "settings", "says"),
    [
        (LOG.drop_columns(["rating"]), {}, "no column 'rating'"),
        (replaced("user_id", pa.array([1, None, 2, 3, 1, 1])), {}, "1 rows have a null"),
        (replaced("rating", pa.array([1, None, 2, None, 1, 1])), {}, "2 rows have a null"),
        (replaced("user_id", pa.array([0.5] * 6)), {}, "ids are integers or strings"),
        (replaced("timestamp", pa.array(range(6))), {}, "say unit"),
        (LOG.slice(0, 0), {}, "no rows"),
        (pa.concat_tables([LOG, LOG.slice(0, 1).set_column(3, "rating", pa.array([1]))]), {}, "both labels"),
        (LOG, {"split": MomentSplit(validation=moment(8), test=moment(9))}, "validation part is empty"),
        (replaced("rating", pa.array([5, 1, 4, 4, 5, 3])), HALVES, "every label of the test part is 1"),
        (LOG, {"split": MomentSplit(validation=moment(-1), test=moment(3))}, "train part is empty"),
    ],
)
def test_what_a_log_may_not_be(tmp_path, log, settings, says):
    task = write_task(tmp_path, log, **settings)
    with pytest.raises(DataError, match=says):
        load_labels(task)


def test_a_missing_log_is_named(tmp_path):
    task = Task(log=tmp_path / "none.parquet", label=LabelRule(column="rating", at_least=4))
    with pytest.raises(DataError, match=r"no file matches .*none\.parquet"):
        load_labels(task)


def test_splits_that_cannot_be():
    with pytest.raises(ValueError, match="leave nothing"):
        FractionSplit(train=0.8, validation=0.2)
    with pytest.raises(ValueError, match="not before"):
        MomentSplit(validation=moment(1), test=moment(1))


def test_vocabulary_codes():
    """Ascending from 1; 0 for the rare, the new and the missing; the order of rows is of no matter."""
    vocabulary = ValueCodes.fit(pa.array(["b", "a", "b", None, "c", "a", None]), min_count=2)
    assert vocabulary.size == 3
    assert vocabulary.encode(pa.array(["a", "b", "c", "z", None])).tolist() == [1, 2, 0, 0, 0]


def test_padded_bag():
    """Known codes only, weights of sum 1, negative ones none; null and empty lists are rows of nothing."""
    lists = Lists.of(pa.chunked_array([[[5, 6], None], [[], [9, 6, 5]]], pa.list_(pa.int64())))
    assert lists.width == 3
    codes, weights = padded_bag(
        lists, np.array([1, 2, 0, 2, 1], np.int32), np.array([3, 1, 5, 2, -1], np.float32), 3
    )
    assert codes.tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 0], [0, 2, 1]]
    assert weights.tolist() == [[0.75, 0.25, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("kind", [pa.list_(pa.float32(), 2), pa.list_(pa.float32())])
def test_vectors_and_which_are_present(kind):
    values, present = vectors("v", pa.chunked_array([[None, [1, 2]], [[3, 4]]], kind))
    assert values.tolist() == [[0, 0], [1, 2], [3, 4]]
    assert present.tolist() == [False, True, True]
    sliced, _ = vectors("v", pa.array([None, [1, 2], [3, 4]], kind).slice(2))
    assert sliced.tolist() == [[3, 4]]


def test_vectors_that_cannot_be():
    with pytest.raises(DataError, match=r"v: vectors of lengths \[1, 2\]"):
        vectors("v", pa.array([[1.0], [1.0, 2.0]], pa.list_(pa.float32())))
    for bad in ([[1.0, float("nan")]], [[1.0, None]], [[float("inf"), 1.0]]):
        with pytest.raises(DataError, match="v: a vector holds"):
            vectors("v", pa.array(bad, pa.list_(pa.float32(), 2)))


def test_a_column_without_any_vector():
    values, present = vectors("v", pa.array([None, None], pa.list_(pa.float32(), 3)))
    assert values.shape == (2, 3)
    assert not present.any()


def test_floats_take_any_number():
    assert floats(pa.chunked_array([[1, None]]))[0] == 1
    assert np.isnan(floats(pa.chunked_array([[1, None]]))[1])
    assert floats(pa.array([True, False])).tolist() == [1, 0]


def test_graph_columns_of_two_families():
    """Families, versions and node types are told apart by name alone."""
    names = [
        "user_id",
        "als_user_vector__vector",
        "light_gcn_item_vector@v2__vector",
        "light_gcn_item_clusters__cluster_ids",
        "light_gcn_item_clusters__cluster_weights",
        "price__amount",
    ]
    task = Task(log="log.parquet", label=LabelRule(column="rating", at_least=4))
    found = find_graph_columns(task, pa.table({name: [1] for name in names}))
    assert [(v.family, v.side, v.kind, sorted(v.features)) for v in found] == [
        ("als", "user", "vector", ["vector"]),
        ("light_gcn", "item", "vector", ["vector"]),
        ("light_gcn", "item", "clusters", ["cluster_ids", "cluster_weights"]),
    ]
    with pytest.raises(DataError, match="no graph feature"):
        find_graph_columns(task, pa.table({"price__amount": [1]}))


@pytest.fixture
def world(tmp_path):
    task = small_world(tmp_path)
    return task, load_labels(task)


def build(world, features=None):
    task, labels = world
    return build_dataset(task, labels, graph_features(labels) if features is None else features, SNAPSHOTS)


def test_dataset_fields_hold_what_the_tables_say(world):
    """Each kind of field against its source, row by row."""
    _, labels = world
    features = graph_features(labels)
    dataset = build(world, features)
    fields = {field.name: field for field in dataset.inputs.fields}
    users, items = labels["user_id"].to_pylist(), labels["item_id"].to_pylist()
    assert fields["user_group"].codes.tolist() == [1 + (u - 1) % 3 for u in users]
    assert fields["user_age"].values.tolist() == [19 + u for u in users]
    genres = [{0: ["drama"], 1: ["drama", "war"], 2: ["film noir"], 3: []}[(i - 1) % 4] for i in items]
    names = ["drama", "film noir", "war"]
    for row, expected in enumerate(genres):
        bag = fields["item_genres"]
        got = {names[c - 1]: w for c, w in zip(bag.codes[row], bag.weights[row], strict=True) if c}
        assert got == {g: 1 / len(expected) for g in expected}
    vector = features["toy_user_vector__vector"].to_pylist()
    other = features["toy_item_vector__vector"].to_pylist()
    for row in range(labels.num_rows):
        user, item = vector[row], other[row]
        assert fields["toy_user_vector"].present[row] == (user is not None)
        if user is None or item is None:
            assert np.isnan(fields["toy_dot"].values[row])
            continue
        dot = float(np.dot(user, item))
        assert fields["toy_dot"].values[row] == pytest.approx(dot, abs=1e-5)
        cosine = dot / np.linalg.norm(user) / np.linalg.norm(item)
        assert fields["toy_cosine"].values[row] == pytest.approx(cosine, abs=1e-5)
    tokens = features["toy_item_tokens__rq_tokens"].to_pylist()
    assert fields["toy_item_rq_tokens_1"].codes.tolist() == [0 if t is None else t[1] + 1 for t in tokens]
    assert np.bincount(dataset.user).sum() == labels.num_rows
    assert len(set(zip(dataset.user.tolist(), users, strict=True))) == len(set(users))
    np.testing.assert_array_equal(dataset.inputs.group, dataset.user)


def test_no_array_is_of_objects(world):
    for field in build(world).inputs.fields:
        for values in vars(field).values():
            if isinstance(values, np.ndarray):
                assert values.dtype in (np.float32, np.int32, np.int64)


def test_take_and_fingerprint(world):
    """A fingerprint sees one changed value, the order of rows and the names of fields."""
    inputs = build(world).inputs
    rows = np.arange(len(inputs))
    assert inputs.take(rows).fingerprint() == inputs.fingerprint() == build(world).inputs.fingerprint()
    assert inputs.take(rows[::-1]).fingerprint() != inputs.fingerprint()
    assert of_groups(inputs, "base").fingerprint() != inputs.fingerprint()
    changed = inputs.take(rows)
    changed.of(Number)[0].values[3] += 1
    assert changed.fingerprint() != inputs.fingerprint()
    part = inputs.take(rows[5:7])
    for kind in (Number, Category, Bag, Vector):
        for whole, taken in zip(inputs.of(kind), part.of(kind), strict=True):
            name = "codes" if kind in (Category, Bag) else "values"
            np.testing.assert_array_equal(getattr(whole, name)[5:7], getattr(taken, name))


def test_features_of_other_rows_are_refused(world):
    _, labels = world
    with pytest.raises(DataError, match="399 rows of features beside 400"):
        build(world, graph_features(labels).slice(1))


def test_views_that_break_their_rule(world):
    _, labels = world
    features = graph_features(labels)
    with pytest.raises(DataError, match="came without 'cluster_weights'"):
        build(world, features.drop_columns(["toy_item_clusters__cluster_weights"]))
    name = "toy_item_tokens__rq_tokens"
    uneven = [t if t is None or r % 2 else t[:1] for r, t in enumerate(features[name].to_pylist())]
    column = pa.array(uneven, pa.list_(pa.int64()))
    with pytest.raises(DataError, match=r"token lists of lengths \[1, 2\]"):
        build(world, features.set_column(features.schema.get_field_index(name), name, column))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pa.table({"user_id": [1, 1], "group": ["a", "b"]}), "null or a duplicate"),
        (pa.table({"user_id": ["1", "2"], "group": ["a", "b"]}), "the log's user ids are int64"),
        (pa.table({"user_id": [1, 2], "age": [3, 4]}), "no column 'group'"),
    ],
)
def test_side_tables_that_break_their_rule(world, tmp_path, table, says):
    task, labels = world
    pq.write_table(table, tmp_path / "other.parquet")
    side = SideTable(path=tmp_path / "other.parquet", key="user_id", categorical=("group",))
    task = task.model_copy(update={"user": SideSpec(node_type="user", column="user_id", table=side)})
    with pytest.raises(DataError, match=says):
        build((task, labels))


def test_ids_a_side_table_lacks_are_unknown(world, tmp_path):
    task, labels = world
    pq.write_table(
        pa.table({"user_id": [1, 2], "group": ["a", "b"], "age": [30, 40]}), tmp_path / "two.parquet"
    )
    side = SideTable(
        path=tmp_path / "two.parquet", key="user_id", categorical=("group",), continuous=("age",)
    )
    task = task.model_copy(update={"user": SideSpec(node_type="user", column="user_id", table=side)})
    fields = {field.name: field for field in build((task, labels)).inputs.fields}
    absent = np.array(labels["user_id"].to_pylist()) > 2
    assert not fields["user_group"].codes[absent].any()
    assert fields["user_group"].codes[~absent].all()
    assert np.isnan(fields["user_age"].values[absent]).all()


def test_parts_are_in_the_order_of_time(world):
    _, labels = world
    dataset = build(world)
    assert sum(len(rows) for rows in dataset.parts.values()) == labels.num_rows
    assert dataset.parts["train"].max() < dataset.parts["validation"].min()
    assert dataset.parts["validation"].max() < dataset.parts["test"].min()
