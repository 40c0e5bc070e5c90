"""Recipes by hand on four items in two clusters, and what becomes of snapshots that lack their parts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.errors import CompatibilityError
from embedding_features.fresh import RECIPES, FreshSeries, NodeEvents
from embedding_features.fresh.levels import least_likes, read_levels
from embedding_features.fresh.regression import regress_values
from embedding_features.sources.moment import to_microseconds
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

DAY = 86_400_000_000
NOW = to_microseconds(AS_OF) + 100 * DAY
#: 0, 1 and 2 lie together, 3 by itself
ITEMS = np.array([[2, 0], [1, 0.02], [3, -0.06], [0, 9]], np.float32)
CLUSTERS, TOKENS = Clusters(k=2, top_k=1), ResidualTokens(levels=3, codes=2)


def snapshot(folder, *specs, items=ITEMS, days=0, **changes):
    users = np.eye(2, items.shape[1], dtype=np.float32)
    made = embeddings(
        {"user": table("user", users), "item": table("item", items)}, as_of=AS_OF + timedelta(days=days)
    )
    made = replace(made, **changes)
    return write_snapshot(derive(made, *specs) if specs else made, folder)


def figures(one, recipe, items, days, values, asked=(0, 3, 9)):
    series = FreshSeries.read([one], "user", [recipe])
    times = NOW - np.array(days, np.int64) * DAY
    return series.request(0, NodeEvents(pa.array(items), np.array(values), times), asked, NOW)


def test_taste_is_a_mean_residual_shrunk_by_three_events(tmp_path):
    """Levels are half the values' mean: items 0 to 3 were judged once each by two users."""
    node, entry = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    values = regress_values("item", ITEMS, np.eye(2, dtype=np.float32), node, entry, np.resize([0.0, 1], 8))
    one = snapshot(tmp_path, CLUSTERS, fold_ins={"user": {"values": values}})
    (level,) = read_levels([one], "user")
    found = figures(one, "taste", [0, 1, 3], [1, 2, 3], [1.0, 1.0, 0.0])
    expected = [(2 - level[0] - level[1]) / 5, -level[3] / 4, np.nan]
    np.testing.assert_allclose(found["taste_clusters"], expected, rtol=1e-6)
    np.testing.assert_array_equal(found["taste_clusters_events"], [2, 1, np.nan])


def test_taste_without_known_values_is_beyond_the_nodes_own_mean(tmp_path):
    """Of 1, 1, 0 and 0 the mean is one half; without an event taste is its prior's, 0."""
    one = snapshot(tmp_path, CLUSTERS)
    found = figures(one, "taste", [0, 1, 2, 3], [1, 2, 3, 4], [1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(found["taste_clusters"], [0.5 / 6, -0.5 / 4, np.nan])
    nothing = figures(one, "taste", [], [], [])
    np.testing.assert_array_equal(nothing["taste_clusters"], [0, 0, np.nan])
    np.testing.assert_array_equal(nothing["taste_clusters_events"], [0, 0, np.nan])


def test_mixture_is_a_share_of_likes_shrunk_to_that_of_all_items(tmp_path):
    """Two of three likes are of a cluster with three of four items; a dislike is in no mixture."""
    one = snapshot(tmp_path, CLUSTERS)
    found = figures(one, "mixture", [0, 1, 2, 3], [1, 2, 3, 4], [1.0, 1.0, 0.0, 1.0])
    np.testing.assert_allclose(found["mixture_share"], [(2 + 3 * 0.75) / 6, (1 + 3 * 0.25) / 6, np.nan])
    np.testing.assert_allclose(figures(one, "mixture", [], [], [])["mixture_share"], [0.75, 0.25, np.nan])


def test_pooled_likes_and_dislikes_decay_by_the_day(tmp_path):
    """A like of today and one of 30 days ago, at right angles; the dislike is the candidate itself."""
    one = snapshot(tmp_path)
    found = figures(one, "pooled", [0, 3, 1], [1, 31, 2], [1.0, 1.0, 0.0], asked=(0, 3, 1, 9))
    old = np.exp(-0.3)
    np.testing.assert_allclose(found["pooled_vector"], np.array([1, old]) / (1 + old), rtol=1e-6)
    length = np.hypot(1, old)
    np.testing.assert_allclose(found["pooled_liked"][:2], [1 / length, old / length], rtol=1e-6)
    np.testing.assert_allclose(found["pooled_disliked"][2:], [1, np.nan], rtol=1e-6)
    nothing = figures(one, "pooled", [], [], [])
    assert all(np.isnan(values).all() for values in nothing.values())


def test_tokens_group_by_their_beginnings_and_never_by_all(tmp_path):
    one = snapshot(tmp_path, TOKENS)
    found = figures(one, "taste", [0], [1], [1.0])
    assert set(found) == {"taste_rq1", "taste_rq2"}
    single = snapshot(tmp_path / "other", ResidualTokens(levels=1, codes=2))
    assert set(figures(single, "taste", [0], [1], [1.0])) == {"taste_rq1"}


def test_what_a_snapshot_lacks_the_parts_for_is_left_out(tmp_path):
    """Groups are those that all snapshots have."""
    bare, grouped = snapshot(tmp_path / "a"), snapshot(tmp_path / "b", CLUSTERS, TOKENS, days=1)
    clustered = snapshot(tmp_path / "c", CLUSTERS, days=2)
    read = [
        FreshSeries.read(some, "user", tuple(RECIPES)) for some in ([bare, grouped], [grouped, clustered])
    ]
    assert [set(one.recipes) for one in read] == [
        {"pooled", "medoids"},
        {"taste", "pooled", "mixture", "medoids"},
    ]
    assert read[1].recipes["taste"].names == ("clusters",)


@pytest.mark.parametrize("recipe", ["pooled", "medoids"])
def test_snapshots_of_other_dims_are_refused(recipe, tmp_path):
    wide = np.concatenate([ITEMS, ITEMS], axis=1)
    both = [snapshot(tmp_path / "a"), snapshot(tmp_path / "b", items=wide, days=1)]
    with pytest.raises(CompatibilityError, match=r"dims \[2, 4\]"):
        FreshSeries.read(both, "user", [recipe])


@pytest.mark.parametrize(
    ("levels", "like"), [([0.4, 0.6], 0.5), ([3.0, 4.0], 3.5), ([1.0, 1.0], 0), ([0.0, 0.0], 0)]
)
def test_a_like_lies_above_the_mean_level(levels, like):
    """Labels, ratings, clicks, and what nobody ever liked."""
    np.testing.assert_allclose(least_likes([np.array(levels)], 1), [like])


def test_without_levels_any_positive_value_is_a_like():
    assert least_likes([], 2).tolist() == [0, 0]
