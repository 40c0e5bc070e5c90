"""Replay: planted leaks fail with their names, honest columns pass."""

import math
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import DataError, LeakError
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.leaks.replay import check_replay
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.histories import Histories
from ranking.log_features.item_knn import item_knn_columns
from ranking.log_features.levels import history_features
from ranking.log_features.log import Log
from ranking.task.labels import load_labels
from tests.ranking_data import SNAPSHOTS, graph_features, label_table, moment, random_log, small_world

REMOVED, RELABELLED = "when rows after it are removed", "when its own label, or another of its moment"


def honest(labels: pa.Table) -> pa.Table:
    log = Log.of(labels)
    history = history_features(log, {})
    knn = item_knn_columns(
        log, [moment(10), moment(20)], EarlierEvents.of(log, history["residual"], "item"), k=5
    )
    columns = dict(zip(knn.column_names, knn.columns, strict=True))
    for name in history.column_names:
        if name != "residual":
            columns[name] = history[name]
    return pa.table({"user_id": labels["user_id"], "item_id": labels["item_id"], **columns})


def rows_of(labels):
    return [labels[name].to_pylist() for name in ("user_id", "item_id", "timestamp", "label")]


def noisy_label(labels):
    _, _, _, label = rows_of(labels)
    return (np.array(label) + np.random.default_rng(0).normal(0, 5, len(label))).tolist()


def item_mean_of_the_whole_log(labels):
    _, item, _, label = rows_of(labels)
    total, count = defaultdict(float), defaultdict(int)
    for i, y in zip(item, label, strict=True):
        total[i] += y
        count[i] += 1
    return [total[i] / count[i] for i in item]


def users_likes_with_its_own(labels):
    user, _, _, label = rows_of(labels)
    likes, found = defaultdict(float), []
    for u, y in zip(user, label, strict=True):
        likes[u] += y
        found.append(likes[u])
    return found


def likes_of_its_moment(labels):
    """With as many 0 as 1 in a moment, labels all flipped would give the same."""
    _, _, time, label = rows_of(labels)
    likes = defaultdict(float)
    for t, y in zip(time, label, strict=True):
        likes[t] += y
    return [likes[t] for t in time]


def hours_until_the_users_next(labels):
    user, _, time, _ = rows_of(labels)
    after, found = {}, []
    for u, t in zip(reversed(user), reversed(time), strict=True):
        found.append((after[u] - t).total_seconds() / 3600 if u in after else None)
        after[u] = t
    return found[::-1]


def missing_where_disliked(labels):
    return [None if y == 0 else "shown" for y in rows_of(labels)[3]]


def history_with_its_own(labels):
    user, item, _, label = rows_of(labels)
    liked, found = defaultdict(list), []
    for u, i, y in zip(user, item, label, strict=True):
        liked[u] = [i, *liked[u]][:3] if y else liked[u]
        found.append(list(liked[u]))
    return found


def vectors_with_its_own(labels):
    return [[1.0, math.nan, y] for y in rows_of(labels)[3]]


LEAKS = {
    noisy_label: RELABELLED,
    item_mean_of_the_whole_log: REMOVED,
    users_likes_with_its_own: RELABELLED,
    likes_of_its_moment: RELABELLED,
    hours_until_the_users_next: REMOVED,
    missing_where_disliked: RELABELLED,
    history_with_its_own: RELABELLED,
    vectors_with_its_own: RELABELLED,
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_fails_with_its_name(leak, seed):
    """Among honest columns, on logs of few rows a moment and of many."""
    labels = label_table(*random_log(seed, 200, span=(40, 400)[seed % 2]))

    def build(labels):
        return honest(labels).append_column(leak.__name__, [leak(labels)])

    with pytest.raises(LeakError) as error:
        check_replay(build, labels, seed=seed)
    assert error.value.exit_code == 4
    named = [line.split("'")[1] for line in error.value.what.splitlines()[1:]]
    assert set(named) == {leak.__name__}
    assert LEAKS[leak] in error.value.what


def test_labels_that_would_sum_to_the_same_when_flipped():
    labels = label_table([1, 2], [1, 2], [0, 0], [0, 1])
    with pytest.raises(LeakError, match=RELABELLED):
        check_replay(lambda labels: pa.table({"likes": likes_of_its_moment(labels)}), labels, samples=2)


def test_what_the_error_says():
    """Two leaks and a sample at the last row: user, item, moment and both values of each."""
    labels = label_table(["ann", "bob"], [7, 8], [1, 3], [0, 1])

    def build(labels):
        both = labels["label"].to_pylist()
        return pa.table({"fine": labels["item_id"], "own": both, "rows": [len(labels)] * len(labels)})

    with pytest.raises(LeakError) as error:
        check_replay(build, labels, samples=2)
    assert error.value.what.splitlines()[1:] == [
        "  'rows' changes when rows after it are removed: user 'ann', item 7 at 2026-01-01T01:00:00+00:00: "
        "2 → 1",
        "  'own' changes when its own label, or another of its moment, is changed: user 'ann', item 7 at "
        "2026-01-01T01:00:00+00:00: 0.0 → 1.0",
    ]
    assert "strictly before" in error.value.fix


@pytest.mark.parametrize("seed", range(10))
def test_honest_columns_pass(seed):
    labels = label_table(*random_log(seed, 150, span=(10, 40, 1000)[seed % 3]))
    check_replay(honest, labels, samples=6, seed=seed)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_log_of_few_rows(rows):
    labels = label_table(*random_log(0, 2)).slice(0, rows)
    check_replay(lambda labels: history_features(Log.of(labels), {}).select(["user_events"]), labels)


def test_raw_columns_of_every_kind_pass(tmp_path):
    """Side tables, tags, item-kNN, graph features, scores of neighbours, histories and their vectors."""
    task = small_world(tmp_path)
    labels = load_labels(task)
    features = graph_features(labels)
    views = find_graph_columns(task, features)
    whole = Histories(labels, 4, SNAPSHOTS)
    vectors = pa.array(
        [None if pair % 4 == 0 else [float(pair), 1.0] for pair in whole.pairs], pa.list_(pa.float32(), 2)
    )
    known = dict(zip(whole.pairs.tolist(), vectors.to_pylist(), strict=True))

    def build(labels):
        histories = Histories(labels, 4, SNAPSHOTS)
        answer = pa.chunked_array([pa.array([known[p] for p in histories.pairs.tolist()], vectors.type)])
        raw = RawColumns(task, labels, views, SNAPSHOTS, histories, {"toy_item_vector": answer})
        return raw.part(0, features.slice(0, len(labels)))

    columns = build(labels)
    assert {"user_age", "item_genres", "item_knn_knn", "user_history_toy_item_vector"} <= set(
        columns.column_names
    )
    check_replay(build, labels, samples=8)


def test_what_equals_what(monkeypatch):
    """NaN is NaN and null is null, in lists too and in any encoding; the log is compared a run at a time."""
    monkeypatch.setattr("ranking.leaks.replay._ROWS", 3)
    values = {
        "nan": [math.nan, None, 1.0] * 4,
        "text": pa.array(["a", None, "b"] * 4).dictionary_encode(),
        "lists": [[math.nan, 1.0], None, []] * 4,
        "deep": [[[1, 2], None], [None], []] * 4,
        "fixed": pa.array([[1.0, math.nan], None, [2.0, 3.0]] * 4, pa.list_(pa.float32(), 2)),
        "nothing": pa.nulls(12),
    }
    table = pa.table(values)
    labels = label_table(range(12), range(12), range(12), [0, 1] * 6)
    check_replay(lambda labels: table.slice(0, len(labels)), labels, samples=12)

    lengths = []

    def with_last(name, value):
        def build(labels):
            lengths.append(len(labels))
            kept = table.slice(0, len(labels))
            if len(labels) == 12:
                return kept
            column = table.schema.get_field_index(name)
            rows = [*kept[name].to_pylist()[:-1], value]
            return kept.set_column(column, name, pa.array(rows, pa.array(values[name]).type))

        return build

    last = {
        "nan": 7.0,
        "text": "c",
        "lists": [math.nan, 1.0, 2.0],
        "deep": [[1, 3], None],
        "fixed": [2.0, 4.0],
    }
    for name, value in last.items():
        with pytest.raises(LeakError, match=f"'{name}' changes {REMOVED}") as error:
            check_replay(with_last(name, value), labels, samples=1, seed=1)
        assert f"user {lengths[-1] - 1}, " in error.value.what
        assert 3 < lengths[-1] < 12


def test_what_build_may_not_return():
    labels = label_table(*random_log(0, 50))
    with pytest.raises(DataError, match="49 rows of raw columns beside 50 labels"):
        check_replay(lambda labels: pa.table({"x": range(len(labels) - 1)}), labels)

    def one_more_of_all(labels):
        return labels.select(["row", "label"] if len(labels) == 50 else ["row"])

    with pytest.raises(DataError, match=r"only some parts of the log have: \['label'\]"):
        check_replay(one_more_of_all, labels)
