"""Medoids by hand: the middles of what a node likes, the most important first."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.errors import ConfigError
from embedding_features.fresh import FreshSeries, NodeEvents, find_medoids
from embedding_features.fresh.medoids_kernel import MOST_LIKES
from embedding_features.fresh.regression import regress_values
from embedding_features.sources.moment import to_microseconds
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

DAY = 86_400_000_000
NOW = to_microseconds(AS_OF) + 1000 * DAY
#: directions in degrees: three near 0, two near 90, one at 180, one at 270
DEGREES = {10: 0, 11: 6, 12: -6, 20: 90, 21: 100, 30: 180, 40: 270}


def series(tmp_path, degrees=DEGREES, recipes=("medoids",), last=1000, **changes):
    angle = np.radians(list(degrees.values()))
    items = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32) * 3
    tables = {"user": table("user", np.eye(2, dtype=np.float32)), "item": table("item", items, list(degrees))}
    made = replace(embeddings(tables), **changes)
    return FreshSeries.read([write_snapshot(made, tmp_path)], "user", recipes, last)


def history(items, days, values=None):
    times = NOW - np.array(days, np.int64) * DAY
    return NodeEvents(pa.array(items), np.ones(len(items)) if values is None else np.array(values), times)


def test_the_middle_of_each_cluster_comes_by_importance(tmp_path):
    """Of two alike near ones the newer stands for both; the oldest cluster of four falls out."""
    events = history([11, 10, 12, 20, 21, 30, 40], [3, 3, 3, 9, 8, 1, 50])
    found = find_medoids(series(tmp_path), events, NOW)
    assert found.ids.to_pylist() == [10, 21, 30]
    decay = np.exp(-0.01 * np.array([3, 9, 8, 1]))
    np.testing.assert_allclose(found.importance, [3 * decay[0], decay[1] + decay[2], decay[3]], rtol=1e-12)


def test_figures_are_cosines_with_the_medoids(tmp_path):
    """The candidate at 180 degrees: cosines -1, -cos 10° … by importance."""
    events = history([10, 30], [11, 1])
    found = series(tmp_path).request(0, events, [20, 30, 99], NOW)
    np.testing.assert_allclose(found["medoids_nearest"], [0, 1, np.nan], atol=1e-6)
    weight = np.exp(-0.1)
    np.testing.assert_allclose(found["medoids_weighted"], [0, (1 - weight) / (1 + weight), np.nan], atol=1e-6)


def test_nothing_liked_before_the_moment_has_no_medoids(tmp_path):
    one = series(tmp_path)
    nothing = history([10, 20], [0, 5], [1, 0])
    assert len(find_medoids(one, nothing, NOW).ids) == 0
    assert len(find_medoids(one, history([99], [3]), NOW).ids) == 0
    early = find_medoids(one, history([10], [1001]), NOW - 1000 * DAY)
    assert len(early.ids) == 0, "no snapshot is older"
    with pytest.raises(ConfigError, match="without that recipe"):
        find_medoids(series(tmp_path / "other", recipes=("pooled",)), nothing, NOW)


def test_a_like_is_above_the_mean_level_where_values_are_known(tmp_path):
    """Ratings: 3 is no like where items have 2, 3 and 4 on average."""
    n = len(DEGREES)
    entry, value = np.tile(np.arange(n), 20), np.tile(np.resize([2.0, 3, 4], n), 20)
    unit = np.eye(2, dtype=np.float32)
    values = regress_values("item", np.ones((n, 2), np.float32), unit, np.arange(20 * n) % 2, entry, value)
    one = series(tmp_path, fold_ins={"user": {"values": values}})
    events = history([10, 20, 30], [3, 2, 1], [2.0, 3.5, 2.5])
    assert find_medoids(one, events, NOW).ids.to_pylist() == [20]


def test_only_the_newest_likes_are_clustered(tmp_path):
    """As if there were no older ones, however many events count."""
    rng = np.random.default_rng(0)
    degrees = dict(enumerate(rng.uniform(0, 360, 300).tolist()))
    days = rng.permutation(300) + 1
    newest = np.argsort(days)[:MOST_LIKES]
    every, of_newest = history(np.arange(300), days), history(newest, days[newest])
    one = series(tmp_path, degrees)
    found, expected = (one.request(0, events, np.arange(300), NOW) for events in (every, of_newest))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-9)
    assert not np.allclose(
        one.request(0, history(np.arange(300)[-50:], days[-50:]), np.arange(300), NOW)["medoids_weighted"],
        expected["medoids_weighted"],
    )
