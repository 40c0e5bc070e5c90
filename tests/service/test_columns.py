"""Raw columns of every kind: from the request, from Feast, from nowhere; and those that break a rule."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError, StoreError
from embedding_features.store import materialize, online
from tests.service.kinds import add_views, export_kinds, raw_columns
from tests.service.raw_tables import plain, vectors_of
from tests.service.running import Running
from tests.store.builders import ids_of
from tests.store.bundle_world import make_bundles

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()
MAPPED = {
    "user_events": "user_stats:events",
    "user_country": "user_stats:country",
    "user_history": "user_stats:last",
    "item_genres": "item_stats:genres",
    "item_genre_weights": "item_stats:weights",
    "met": "pair_stats:met",
    "of_another_bundle": "user_stats:events",
}
OF_ROWS = ["item_size", "met", "item_genres", "item_genre_weights"]
OF_ALL = [
    "user_country",
    "user_premium",
    "user_age",
    "user_events",
    "user_likes",
    "user_mood",
    "user_history",
]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A world of its own, for views are added to its repository."""
    root = tmp_path_factory.mktemp("kinds")
    world = make_bundles(root)
    materialize(world.repo)
    bundle = export_kinds(world, root / "bundles" / "kinds")
    return world, bundle, add_views(world.repo)


@pytest.fixture(scope="module")
def running(kinds):
    with Running(kinds[0], "kinds", columns=MAPPED) as running:
        yield running


def expected_scores(world, bundle, user, items, given):
    """Of rows that were put together one by one.

    Args:
        given: column → a value for each item.
    """
    schema = raw_columns(world).schema
    pair = {"user_id": pa.array([user] * len(items)), "item_id": pa.array(items)}
    answer = online(world.repo, pa.table(pair), bundle.feature_refs)
    columns = {name: answer[name].to_pylist() for name in answer.column_names} | given
    histories = given.get("user_history", [None] * len(items))
    columns["user_history_vectors"] = [vectors_of(world, bundle, one) for one in histories]
    table = {
        name: pa.array(columns.get(name, [None] * len(items)), plain(schema.field(name).type))
        for name in bundle.spec.columns()
    }
    return bundle.score(pa.table(table))


@pytest.mark.parametrize("user", [USERS[2], USERS[21]])
def test_columns_of_every_kind_come_with_a_request(kinds, running, user):
    world, bundle, _ = kinds
    items, raw = ITEMS[20:32], raw_columns(world).slice(700, 12)
    beside = {name: raw[name].to_pylist() for name in OF_ROWS}
    shared = {name: raw[name][3].as_py() for name in OF_ALL}
    answer = running.post("/rank", {"user": user, "items": items, "features": beside | shared})
    assert answer.status_code == 200, answer.text
    given = beside | {name: [value] * 12 for name, value in shared.items()}
    expected = expected_scores(world, bundle, user, items, given)
    np.testing.assert_array_equal(np.array(answer.json()["scores"], np.float32), expected)
    assert np.ptp(expected) > 0.001
    assert (answer.json()["missing"], answer.json()["unread"]) == ([], [])
    # a user's column may lie beside the items too
    answer = running.post("/rank", {"user": user, "items": items, "features": given})
    np.testing.assert_array_equal(np.array(answer.json()["scores"], np.float32), expected)


@pytest.mark.parametrize("user", [USERS[0], USERS[4], USERS[20]])
def test_columns_come_from_feast_where_a_request_does_not_give_them(kinds, running, user):
    """By the user, by the item, by both; null of an entity that Feast does not know; null counts as given."""
    world, bundle, tables = kinds
    items = ITEMS[20:32]
    stats = {row["user_id"]: row for row in tables["user_stats"].to_pylist()}.get(user, {})
    of_item = {row["item_id"]: row for row in tables["item_stats"].to_pylist()}
    met = {(row["user_id"], row["item_id"]): row["met"] for row in tables["pair_stats"].to_pylist()}
    given = {
        "user_events": [None] * 12,
        "user_age": [44.5] * 12,
        "user_country": [stats.get("country")] * 12,
        "user_history": [stats.get("last")] * 12,
        "item_genres": [of_item.get(item, {}).get("genres") for item in items],
        "item_genre_weights": [of_item.get(item, {}).get("weights") for item in items],
        "met": [met.get((user, item)) for item in items],
    }
    asked = {"user": user, "items": items, "features": {"user_events": None, "user_age": 44.5}}
    answer = running.post("/rank", asked)
    assert answer.status_code == 200, answer.text
    expected = expected_scores(world, bundle, user, items, given)
    np.testing.assert_array_equal(np.array(answer.json()["scores"], np.float32), expected)
    assert answer.json()["missing"] == ["user_premium", "item_size", "user_likes", "user_mood"]
    columns = running.get("/health").json()["columns"]
    assert columns["store"] == [name for name in MAPPED if name != "of_another_bundle"]
    assert columns["request"] == ["user_premium", "item_size", "user_age", "user_likes", "user_mood"]


@pytest.mark.parametrize("user", [USERS[0], USERS[20]])
def test_columns_that_feast_gives_are_not_missing_where_there_is_no_item(running, user):
    """Those of the user, those of the items, which have no row then, and those of both."""
    for features in ({}, {"user_age": 3}, {"user_history": ITEMS[:2]}):
        none, one = (
            running.post("/rank", {"user": user, "items": items, "features": features}).json()
            for items in ([], ITEMS[20:21])
        )
        assert none["found"] == {"user": user == USERS[0], "items": []}
        assert none["missing"] == one["missing"]
        assert not {*none["missing"]} & MAPPED.keys()
    answer = running.post("/rank", {"user": user, "items": [], "features": {"met": []}})
    assert (answer.status_code, answer.json()["scores"]) == (200, [])


@pytest.mark.parametrize(
    ("features", "says"),
    [
        ({"user_age": "old"}, "age: a column of string"),
        ({"user_age": [1, 2, 3]}, "user_age has 3 values beside 2 items"),
        ({"user_age": [[1], [2]]}, "user_age is nested 2 deep"),
        ({"user_events": -3}, "log1p of -3"),
        ({"user_events": 1e300}, "too large for float32"),
        ({"user_country": 5}, "values are int64"),
        ({"user_country": ["NL", 5]}, "user_country mixes types"),
        ({"item_size": 2.5}, "not of the column's type double"),
        ({"user_likes": 3}, "user_likes is nested 0 deep"),
        ({"user_mood": [1.0, 2.0]}, "vectors of dim 2 in 'user_mood', training had dim 3"),
        ({"user_history": ["x"]}, "ids of a history are string"),
        ({"user_history": [None, ITEMS[0]]}, "user_history holds a null id"),
        ({"item_genres": ["noir"], "item_genre_weights": [0.5, 0.5]}, "2 values beside 4 weights"),
        ({"item_genres": ["noir"], "item_genre_weights": [None]}, "a weight is null"),
    ],
)
def test_a_column_that_breaks_a_rule_is_named(running, features, says):
    answer = running.post("/rank", {"user": USERS[0], "items": ITEMS[:2], "features": features})
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["error"]


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"columns": {"met": "pair_stats:nothing"}}, StoreError, "nothing"),
        ({"columns": {"met": "nothing:met"}}, StoreError, "nothing"),
        ({"columns": {"user_id": "user_stats:events"}}, ConfigError, "user_id comes from the ids"),
        ({"columns": {"spectral_item_vector__vector": "a:b"}}, ConfigError, "pinned runs"),
        ({"item_key": "sku"}, ConfigError, "looked up by item_id; the service knows user_id and sku"),
    ],
)
def test_settings_that_do_not_fit_are_named(kinds, settings, error, says):
    with pytest.raises(error, match=says):
        Running(kinds[0], "kinds", **settings)
