"""Scores of the service are those of its bundle for the same raw columns, to the last bit."""

import numpy as np
import pyarrow as pa
import pytest

from ranking.bundle import load_bundle
from tests.service.raw_tables import raw_table
from tests.service.running import Running
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()


def scores_of(answer):
    assert answer.status_code == 200, answer.text
    return np.array(answer.json()["scores"], np.float32)


def columns_of(world, bundle):
    """Those that no store gives."""
    mapped = ("user_id", "item_id", "user_history_spectral_item_vector")
    return [c for c in bundle.spec.columns() if "__" not in c and c not in mapped]


@pytest.mark.parametrize("kind", ["lightgbm", "wide_deep", "din"])
def test_scores_are_the_bundles(world, kind):
    """Columns of the request beside the items and for all of them, graph columns and histories' vectors from
    the store, ids that it knows and ids that it does not."""
    bundle, rng = load_bundle(world.bundle(kind)), np.random.default_rng(0)
    columns = columns_of(world, bundle)
    with Running(world, kind) as running:
        for user in (USERS[3], USERS[21]):
            rows = rng.integers(400, 900, 12).tolist()
            raw = world.raw.take(rows)
            items = [ITEMS[i] for i in rng.choice(33, 12)]
            beside = {c: raw[c].to_pylist() for c in columns if c != "user_history"}
            one = {c: raw[c][0].as_py() for c in columns if c.startswith("user_")}
            features = beside | one
            answer = running.post("/rank", {"user": user, "items": items, "features": features})
            given = beside | {c: [value] * 12 for c, value in one.items()}
            expected = bundle.score(raw_table(world, bundle, user, items, given))
            np.testing.assert_array_equal(scores_of(answer), expected)
            assert np.ptp(expected) > 0.001
            told = answer.json()
            assert (told["items"], told["degraded"], told["unread"]) == (items, False, [])
            assert told["found"] == {"user": user == USERS[3], "items": [i < ITEMS[30] for i in items]}
            assert told["missing"] == []
            assert told["bundle"] == bundle.record.digest


def test_a_history_beside_each_item_and_vectors_that_come_with_it(world, served):
    """Every candidate its own history, cut, empty, unknown; and vectors of the request's own."""
    bundle = load_bundle(world.bundle("din"))
    histories = [ITEMS[:7], [], None, [ITEMS[32], ITEMS[4]], ITEMS[10:15]]
    items, given = ITEMS[:5], {"user_history": histories}
    answer = served.post("/rank", {"user": USERS[0], "items": items, "features": given})
    # more than the ranker reads of a list makes no difference
    cut = {"user_history": [one and one[:5] for one in histories]}
    expected = bundle.score(raw_table(world, bundle, USERS[0], items, cut))
    np.testing.assert_array_equal(scores_of(answer), expected)
    own = {"user_history": ITEMS[:2], "user_history_spectral_item_vector": [[1.0, 2, 3, 4.5], None]}
    table = raw_table(world, bundle, USERS[0], items, {"user_history": [ITEMS[:2]] * 5})
    place = table.schema.get_field_index("user_history_spectral_item_vector")
    name, of = table.schema.names[place], table.schema.types[place]
    table = table.set_column(place, name, pa.array([own[name]] * 5, of))
    answer = served.post("/rank", {"user": USERS[0], "items": items, "features": own})
    np.testing.assert_array_equal(scores_of(answer), bundle.score(table))


def test_what_no_source_gives_is_scored_as_unknown_and_said(world, served):
    bundle = load_bundle(world.bundle("din"))
    before = served.service.metrics.missing.get("user_mean", 0)
    answer = served.post("/rank", {"user": USERS[0], "items": ITEMS[:3], "features": {"nonsense": 1}})
    np.testing.assert_array_equal(
        scores_of(answer), bundle.score(raw_table(world, bundle, USERS[0], ITEMS[:3], {}))
    )
    told = answer.json()
    columns = {*columns_of(world, bundle), "user_history_spectral_item_vector"}
    assert (set(told["missing"]), told["unread"]) == (columns, ["nonsense"])
    health = served.get("/health").json()["columns"]
    assert set(health["request"]) == set(columns_of(world, bundle))
    assert health["missing"]["user_mean"] == before + 1
    assert 'columns_missing_total{column="user_mean"}' in served.get("/metrics").text


def test_the_order_asked_or_the_best_first(served):
    items = [ITEMS[5], ITEMS[31], ITEMS[5], ITEMS[2], ITEMS[9]]
    asked = served.post("/rank", {"user": USERS[1], "items": items}).json()
    best = served.post("/rank", {"user": USERS[1], "items": items, "sort": "score"}).json()
    assert asked["items"] == items
    assert asked["scores"][0] == asked["scores"][2]  # an item that is there twice is scored twice
    order = sorted(range(5), key=lambda i: -asked["scores"][i])
    assert best["items"] == [items[i] for i in order]
    assert best["scores"] == [asked["scores"][i] for i in order]
    assert best["found"]["items"] == [items[i] != ITEMS[31] for i in order]


@pytest.mark.parametrize(("user", "known"), [(USERS[1], True), (USERS[21], False)])
def test_what_is_said_of_the_user_is_so_for_any_number_of_items(served, user, known):
    """With features and without, histories among them."""
    for features in ({}, {"user_mean": 0.5}, {"user_history": ITEMS[:3]}, {"item_mean": []}):
        told = served.post("/rank", {"user": user, "items": [], "features": features}).json()
        one = served.post("/rank", {"user": user, "items": ITEMS[:1], "features": shared(features)}).json()
        assert (told["items"], told["scores"]) == ([], [])
        assert told["found"] == {"user": known, "items": []}
        assert one["found"] == {"user": known, "items": [True]}
        for name in ("degraded", "unread", "bundle"):
            assert told[name] == one[name]
        assert {*told["missing"], *features} == {*one["missing"], *features}


def shared(features):
    return {name: value for name, value in features.items() if name.startswith("user_")}


def test_ids_of_another_type_are_refused_for_any_number_of_items(served):
    for items in ([], ["a"]):
        answer = served.post("/rank", {"user": "a", "items": items})
        assert (answer.status_code, "ids of type" in answer.json()["error"]) == (422, True)
