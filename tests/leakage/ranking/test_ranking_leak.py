"""No feature of a label knows its own label, its own moment, or anything later."""

import math

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import LeakError
from ranking.dataset.dataset import build_dataset
from ranking.inputs.fields import Bag, Category, Number
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.levels import ITEM_PRIOR, TAG_PRIOR, USER_PRIOR, history_features
from ranking.log_features.log import Log
from ranking.log_features.neighbour_scores import neighbour_scores
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, label_table, random_log, small_world

TAGS = {i: [f"g{i % 3}", f"h{i % 2}"] if i % 4 else [] for i in range(8)}


def tag_table():
    pairs = [(i, tag) for i, tags in TAGS.items() for tag in tags]
    return pa.table({"item_id": [i for i, _ in pairs], "tag": [tag for _, tag in pairs]})


def naive_history(users, items, hours, labels):
    """Every row against every row, in the words of the docstring."""
    found = []
    for u, i, t, y in zip(users, items, hours, labels, strict=True):
        before = [k for k in range(len(users)) if hours[k] < t]
        g = (sum(labels[k] for k in before) + 1) / (len(before) + 2)
        row = {"global_mean": g}
        for side, ids, own, prior in (("user", users, u, USER_PRIOR), ("item", items, i, ITEM_PRIOR)):
            mine = [k for k in before if ids[k] == own]
            total = sum(labels[k] for k in mine)
            row[f"{side}_events"] = len(mine)
            row[f"{side}_mean"] = total / len(mine) if mine else None
            row[f"{side}_smoothed"] = (total + prior * g) / (len(mine) + prior)
            row[f"{side}_idle"] = math.log(1 + t - max(hours[k] for k in mine)) if mine else None
            row[f"{side}_residual"] = sum(found[k]["residual"] for k in mine) / (len(mine) + prior)
        tagged = [labels[k] for tag in TAGS[i] for k in before if users[k] == u and tag in TAGS[items[k]]]
        row["user_genre_mean"] = (sum(tagged) + TAG_PRIOR * row["user_smoothed"]) / (len(tagged) + TAG_PRIOR)
        expected = row["user_smoothed"] + row["item_smoothed"] - g
        row["residual"] = y - min(1, max(0, expected))
        found.append(row)
    return found


def same(got: pa.Table, expected: list[dict]):
    for name in got.column_names:
        for value, row in zip(got[name].to_pylist(), expected, strict=True):
            assert value == (None if row[name] is None else pytest.approx(row[name], abs=2e-6)), name


@pytest.mark.parametrize("seed", range(6))
def test_history_is_the_naive_one(seed):
    """Random logs with many ties and repeated pairs, hour by hour."""
    log = random_log(seed, 90)
    got = history_features(Log.of(label_table(*log)), {"genre": tag_table()})
    expected = naive_history(*log)
    assert set(got.column_names) == set(expected[0])
    same(got, expected)


def naive_neighbours(users, items, hours, labels, residual, neighbours, scores, side):
    found = []
    for row, (u, i, t) in enumerate(zip(users, items, hours, strict=True)):
        if neighbours[row] is None:
            found.append(dict.fromkeys(("seen", "liked", "knn")))
            continue
        weight = {n: max(0, s) / max(scores[row]) for n, s in zip(neighbours[row], scores[row], strict=True)}
        own, own_ids, other_ids = (u, users, items) if side == "item" else (i, items, users)
        met = [k for k in range(len(users)) if hours[k] < t and own_ids[k] == own and other_ids[k] in weight]
        w = [weight[other_ids[k]] for k in met]
        total = sum(w)
        found.append(
            {
                "seen": math.log(1 + len(met)),
                "liked": sum(a * labels[k] for a, k in zip(w, met, strict=True)) / total if total else None,
                "knn": sum(a * residual[k] for a, k in zip(w, met, strict=True)) / (total + 1),
            }
        )
    return found


@pytest.mark.parametrize("side", ["user", "item"])
@pytest.mark.parametrize("seed", range(3))
def test_neighbour_scores_are_the_naive_ones(seed, side):
    log = random_log(seed, 90)
    rng = np.random.default_rng(seed)
    neighbours = [rng.permutation(6)[:3].tolist() if rng.random() < 0.8 else None for _ in log[0]]
    scores = [None if n is None else [0.9, 0.4, -0.2] for n in neighbours]
    residual = rng.uniform(-1, 1, 90).astype(np.float32)
    events = EarlierEvents.of(Log.of(label_table(*log)), pa.chunked_array([pa.array(residual)]), side)
    ids = pa.array(neighbours, pa.list_(pa.int64()))
    weights = pa.array(scores, pa.list_(pa.float32()))
    got = neighbour_scores(events, ids, weights)
    same(got, naive_neighbours(*log, residual, neighbours, scores, side))
    assert neighbour_scores(events, ids.slice(17, 50), weights.slice(17, 50), 17).equals(got.slice(17, 50))


def test_a_later_row_changes_nothing_earlier(tmp_path):
    """Rows of the last hours, and one planted at the very end, leave all fields of older rows alone."""
    log = random_log(7, 80)
    whole = history_features(Log.of(label_table(*log)), {"genre": tag_table()})
    cut = sum(hour < 30 for hour in log[2])
    assert 0 < cut < 80
    part = history_features(Log.of(label_table(*(values[:cut] for values in log))), {"genre": tag_table()})
    assert whole.slice(0, cut).equals(part)


def test_a_row_does_not_see_its_own_moment():
    """Two events at once: neither counts for the other, whatever their labels."""
    first = history_features(Log.of(label_table([1, 1, 1], [1, 1, 2], [0, 5, 5], [1, 1, 1])), {})
    other = history_features(Log.of(label_table([1, 1, 1], [1, 1, 2], [0, 5, 5], [1, 0, 0])), {})
    assert first["user_events"].to_pylist() == [0, 1, 1]
    assert first.drop_columns(["residual"]).equals(other.drop_columns(["residual"]))


def test_own_label_is_in_no_field(tmp_path):
    """Flip the last row's label: its own fields stay as they were."""
    task = small_world(tmp_path)
    labels = load_labels(task)
    features = graph_features(labels)
    flipped = labels["label"].to_numpy().copy()
    flipped[-1] = 1 - flipped[-1]
    again = labels.set_column(labels.schema.get_field_index("label"), "label", pa.array(flipped))
    one, two = (build_dataset(task, table, features, SNAPSHOTS).inputs for table in (labels, again))
    assert one.label[-1] != two.label[-1]
    for ours, theirs in zip(one.fields, two.fields, strict=True):
        for name, values in vars(ours).items():
            if isinstance(values, np.ndarray):
                np.testing.assert_array_equal(values[-1], getattr(theirs, name)[-1], err_msg=ours.name)


def test_vocabularies_know_training_rows_only(tmp_path):
    """What first appears after training is unknown (0), in ids, clusters, tokens and neighbours."""
    task = small_world(tmp_path)
    labels = load_labels(task)
    features = graph_features(labels)
    train = np.array(labels["split"].to_pylist()) == "train"
    for column in ("toy_item_tokens__rq_tokens", "toy_item_clusters__cluster_ids"):
        values = [
            v if v is None or is_train else [77] * len(v)
            for v, is_train in zip(features[column].to_pylist(), train, strict=True)
        ]
        at = features.schema.get_field_index(column)
        features = features.set_column(at, column, pa.array(values, features.schema.field(column).type))
    inputs = build_dataset(task, labels, features, SNAPSHOTS).inputs
    for field in (*inputs.of(Category), *inputs.of(Bag)):
        if field.name.startswith(("toy_item_tokens", "toy_item_rq", "toy_item_clusters")):
            assert field.codes[train].any()
            assert not field.codes[~train].any()


def test_features_older_than_every_snapshot_are_a_leak(tmp_path):
    """The user's own check: features for labels that no snapshot precedes raise LeakError."""
    task = small_world(tmp_path)
    labels = load_labels(task)
    features = graph_features(labels)
    with pytest.raises(LeakError, match="no snapshot is older"):
        build_dataset(task, labels, features, SNAPSHOTS[1:])


def test_snapshot_age_counts_from_the_newest_strictly_older(tmp_path):
    task = small_world(tmp_path)
    labels = load_labels(task)
    snapshots = [*SNAPSHOTS, labels["timestamp"][350].as_py()]  # one at a label's own moment
    dataset = build_dataset(task, labels, graph_features(labels), snapshots)
    for row, time in enumerate(labels["timestamp"].to_pylist()):
        older = [s for s in snapshots if s < time]
        if older:
            age = (time - max(older)).total_seconds() / 86400
            assert dataset.snapshot_age[row] == pytest.approx(age, rel=1e-6)
        else:
            assert np.isnan(dataset.snapshot_age[row])
    assert all(np.isfinite(f.values).any() for f in dataset.inputs.of(Number))
