"""Item-kNN: hand-computed neighbours, a naive reference, and nothing later than the moment."""

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError
from ranking.inputs.arrow import floats
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.item_knn import ITEM_KNN_COLUMNS, item_knn_columns, nearest_items
from ranking.log_features.levels import history_features
from ranking.log_features.log import Log
from ranking.log_features.neighbour_scores import neighbour_scores
from ranking.metrics.metrics import auc
from tests.ranking_data import label_table, moment, random_log

MOMENTS = [5, 12, 12, 30]


def nearest(likes, asked, k, shrinkage=0.0):
    user, item = np.array(likes, np.int64).reshape(-1, 2).T
    code, score = nearest_items(user, item, np.array(asked, np.int64), k, shrinkage)
    return code.tolist(), score.tolist()


def columns(log, moments=MOMENTS, **settings):
    labels = Log.of(label_table(*log))
    residual = history_features(labels, {})["residual"]
    events = EarlierEvents.of(labels, residual, "item")
    return item_knn_columns(labels, [moment(hour) for hour in moments], events, **settings)


def naive_lists(users, items, hours, labels, moments, k, shrinkage):
    """Each label's list of (neighbour, score), in the words of the docstring; None where it has none."""
    order = list(dict.fromkeys(items))
    found = []
    for item, hour in zip(items, hours, strict=True):
        older = [m for m in moments if m < hour]
        fans = {other: set() for other in order}
        for u, i, t, y in zip(users, items, hours, labels, strict=True):
            if older and t <= max(older) and y == 1:
                fans[i].add(u)
        scored = []
        for other in order:
            both = len(fans[item] & fans[other])
            if other != item and both:
                size = len(fans[item]) * len(fans[other])
                scored.append((other, both / (both + shrinkage) * both / math.sqrt(size)))
        scored.sort(key=lambda pair: (-pair[1], order.index(pair[0])))
        found.append(scored[:k] if fans[item] else None)
    return found


def naive_columns(log, moments, k, shrinkage):
    """The features of the naive lists (:func:`neighbour_scores` has a naive reference of its own)."""
    labels = label_table(*log)
    lists = naive_lists(*log, moments, k, shrinkage)
    ids = pa.array(
        [None if a is None else [i for i, _ in a] for a in lists], pa.list_(labels["item_id"].type)
    )
    scores = pa.array([None if a is None else [s for _, s in a] for a in lists], pa.list_(pa.float32()))
    made = Log.of(labels)
    events = EarlierEvents.of(made, history_features(made, {})["residual"], "item")
    return neighbour_scores(events, ids, scores).rename_columns(list(ITEM_KNN_COLUMNS))


def test_neighbours_by_hand():
    """Fans: item 0 {0,1,2}, item 1 {0,1}, item 2 {2}, item 3 {3}."""
    likes = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 2), (3, 3), (0, 0)]
    code, score = nearest(likes, [0, 3], k=3)
    assert code == [[1, 2, -1], [-1, -1, -1]]
    assert score[0] == pytest.approx([2 / math.sqrt(6), 1 / math.sqrt(3), 0])
    _, shrunk = nearest(likes, [0], k=2, shrinkage=3)
    assert shrunk[0] == pytest.approx([2 / 5 * 2 / math.sqrt(6), 1 / 4 / math.sqrt(3)])


def test_equal_ones_stand_by_code():
    """One user likes all five: every pair has cosine 1, whichever order they were liked in."""
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        code, score = nearest([(0, item) for item in order], [2, 4], k=3)
        assert code == [[0, 1, 3], [0, 1, 2]]
        assert score == [[1, 1, 1], [1, 1, 1]]


def test_an_item_nobody_liked_and_no_likes_at_all():
    assert nearest([(0, 0)], [7], k=2) == ([[-1, -1]], [[0, 0]])
    assert nearest([], [1], k=1) == ([[-1]], [[0]])
    assert nearest([(0, 0)], [], k=1) == ([], [])


@pytest.mark.parametrize("k", [1, 3, 50])
@pytest.mark.parametrize("shrinkage", [0.0, 4.0])
@pytest.mark.parametrize("seed", range(4))
def test_columns_are_the_naive_ones(seed, shrinkage, k):
    """Many labels at the moments themselves, repeated pairs, moments before the log and said twice."""
    log = random_log(seed, 120, users=9, items=12)
    moments = [-3, *MOMENTS, 40]
    got = columns(log, moments, k=k, shrinkage=shrinkage)
    assert got.schema == pa.schema([(name, pa.float32()) for name in ITEM_KNN_COLUMNS])
    assert got.equals(naive_columns(log, moments, k, shrinkage))
    assert 0 < got["item_knn_seen"].null_count < 120


def test_string_ids_and_any_order_of_moments():
    users, items, hours, labels = random_log(3, 120)
    names = [f"u{u}" for u in users], [f"i{i}" for i in items]
    expected = columns((users, items, hours, labels))
    assert columns((*names, hours, labels), MOMENTS[::-1]).equals(expected)


def test_without_a_moment_or_a_label():
    log = random_log(0, 30)
    for moments in ([], [1000]):
        assert all(column.null_count == 30 for column in columns(log, moments))
    empty = Log.of(label_table(pa.array([], pa.int64()), pa.array([], pa.int64()), [], []))
    none = pa.chunked_array([pa.array([], pa.float32())])
    got = item_knn_columns(empty, [moment(1)], EarlierEvents.of(empty, none, "item"))
    assert got.num_rows == 0
    assert got.column_names == list(ITEM_KNN_COLUMNS)


def test_a_label_at_the_moment_is_of_the_interval_before():
    """The like that makes items 1 and 2 alike happens at hour 5: told to labels after 5, not to one at 5."""
    users, items, hours, labels = [7, 7, 8, 8, 8], [1, 2, 1, 2, 2], [4, 5, 4.5, 5, 6], [1, 1, 1, 1, 1]
    order = np.argsort(hours, kind="stable")
    log = tuple(np.array(values)[order].tolist() for values in (users, items, hours, labels))
    seen = columns(log, [5])["item_knn_seen"].to_pylist()
    assert seen == [None, None, None, None, pytest.approx(math.log(2))]


def test_what_is_planted_later_changes_nothing_before():
    """Likes after hour 20 that would make all items alike: every older label, and all up to the next
    moment, have what they had."""
    users, items, hours, labels = random_log(2, 100)
    whole = columns((users, items, hours, labels))
    first = sum(hour <= 20 for hour in hours)
    until = sum(hour <= 30 for hour in hours)
    planted = [1 if hour > 20 else label for hour, label in zip(hours, labels, strict=True)]
    changed = columns((users, items, hours, planted))
    assert whole.slice(0, first).equals(changed.slice(0, first))
    assert not whole.slice(until).equals(changed.slice(until))
    cut = columns(tuple(values[:first] for values in (users, items, hours, labels)))
    assert cut.equals(whole.slice(0, first))


def test_it_learns_two_tastes():
    """Users like the items of their own taste, but for one in ten: the neighbours tell it."""
    rng = np.random.default_rng(0)
    n = 3000
    users, items = rng.integers(0, 60, n), rng.integers(0, 40, n)
    labels = ((users % 2 == items % 2) ^ (rng.random(n) < 0.1)).astype(int)
    got = columns((users.tolist(), items.tolist(), np.arange(n).tolist(), labels.tolist()), [1000, 2000])
    late = slice(2000, n)
    score = floats(got["item_knn_knn"])[late]
    assert not np.isnan(score).any()
    assert 0.85 < auc(labels[late], score) < 0.95


@pytest.mark.parametrize("settings", [{"k": 0}, {"shrinkage": -1.0}, {"shrinkage": math.inf}])
def test_settings_out_of_range(settings):
    with pytest.raises(ConfigError, match="item-kNN"):
        columns(random_log(0, 30), **settings)


def test_moments_in_any_zone():
    log = random_log(1, 60)
    labels = Log.of(label_table(*log))
    residual = history_features(labels, {})["residual"]
    local = datetime.fromisoformat("2026-01-01T21:00:00+09:00")
    assert local.astimezone(UTC) == moment(12)
    assert item_knn_columns(labels, [local], EarlierEvents.of(labels, residual, "item")).equals(
        columns(log, [12])
    )
