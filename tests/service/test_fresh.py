"""Bundles with fresh figures: events of the request, of the store, of nobody; the store away."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from prometheus_client.parser import text_string_to_metric_families

import embedding_features as ef
from embedding_features.store import apply
from embedding_features.store.moments import micros
from ranking.bundle import load_bundle
from ranking.service.subject import RankSubject
from tests.service.fresh_world import ITEMS, NOW, SETTINGS, USERS, make_fresh_world, make_log
from tests.service.running import Running

KNOWN, UNKNOWN = USERS[1], USERS[-1]
#: asked of: two that are there twice, one without a vector, one that no snapshot has, one without an event
ASKED = [*ITEMS[:6], ITEMS[0], ITEMS[-2], ITEMS[-1], 1020]
QUICK = {"failures": 2, "probe_seconds": 0.05}
AGES = [timedelta(seconds=3), timedelta(hours=2), timedelta(days=1)]
EMPTY = make_log().slice(0, 0)


@pytest.fixture(scope="module")
def log():
    return make_log()


@pytest.fixture(scope="module")
def kept(tmp_path_factory, log):
    """A world whose store has the log as events of users and of items."""
    world = make_fresh_world(tmp_path_factory.mktemp("fresh"))
    push(world.repo, log)
    return world


@pytest.fixture
def not_kept(tmp_path):
    return make_fresh_world(tmp_path, settings="{}")


@pytest.fixture(autouse=True)
def at_now(monkeypatch):
    """Every request is of the same moment."""
    clock = SimpleNamespace(time_ns=lambda: micros(NOW) * 1000)
    monkeypatch.setattr("ranking.service.served_bundle.time", clock)


def push(repo, events):
    with ef.EmbeddingFeatures(repo) as client:
        for node_type in ("user", "item"):
            client.push_events(node_type, events)


def given(events):
    """Events of a user as a request brings them."""
    names = ("item_id", "value", "event_timestamp")
    rows = zip(*(events[name].to_pylist() for name in names), strict=True)
    return [{"item": item, "value": value, "at": at.isoformat()} for item, value, at in rows]


def of_user(log, user):
    return log.filter(pc.equal(log["user_id"], user))


def before_now(log):
    moment = pa.scalar(NOW, log.schema.field("event_timestamp").type)
    return log.filter(pc.less(log["event_timestamp"], moment))


def counted(log, side, ids):
    known = before_now(log)[f"{side}_id"].to_pylist()
    return [min(known.count(one), 50) for one in ids]


def sides(expected):
    """The columns of users' figures, and of items'."""
    return [{c: v for c, v in expected.items() if f"_{side}_fresh__" in c} for side in ("user", "item")]


def check_figures(running, user, items, expected, events=None):
    """The service's raw columns are those expected, to 1e-6, before they are encoded."""
    bundle = running.service.bundle_holder.current
    subject = RankSubject(user, items, {}, [], events)
    made = bundle.fresh.make(subject, bundle.reader.read(subject).events, micros(NOW)).columns
    assert made.keys() == expected.keys()
    for column, values in expected.items():
        found = made[column].rows(len(items))
        found = found.dictionary_decode() if pa.types.is_dictionary(found.type) else found
        assert found.is_null().equals(values.is_null()), column
        np.testing.assert_allclose(flat(found), flat(values), rtol=1e-6, atol=1e-6, err_msg=column)


def flat(values):
    values = values.drop_null()
    return (values.flatten() if pa.types.is_fixed_size_list(values.type) else values).to_numpy()


def expected_scores(world, running, user, items, expected):
    """By the bundle, of columns as training makes them; of the vectors what the store has."""
    bundle, columns = load_bundle(running.folder), {}
    for side, ids in (("user", [user] * len(items)), ("item", items)):
        columns[f"{side}_id"] = pa.array(ids)
        with ef.EmbeddingFeatures(world.repo) as client:
            (rows,) = client.online(ids, [f"als_{side}_vector"]).values()
        vectors = [v if there else None for v, there in zip(rows.arrays["vector"], rows.found, strict=True)]
        columns[f"als_{side}_vector__vector"] = pa.array(vectors, pa.list_(pa.float32(), 4))
    columns |= expected
    names = bundle.spec.columns()
    return bundle.score(pa.table({n: columns.get(n, pa.nulls(len(items))) for n in names}))


def check_scores(answer, expected):
    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(answer.json()["scores"], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["dense", "fresh"])
@pytest.mark.parametrize("user", USERS)
def test_stored_events_give_the_figures_of_training(kept, log, kind, user):
    """Of users and items, of snapshots and of none; more events than count, ties, pairs that come again."""
    expected = kept.offline(user, ASKED, log)
    with Running(kept, kind) as running:
        check_figures(running, user, ASKED, expected)
        answer = running.post("/rank", {"user": user, "items": ASKED})
        check_scores(answer, expected_scores(kept, running, user, ASKED, expected))
        assert np.ptp(answer.json()["scores"]) > 1e-4
        told = answer.json()
        (of_user,), of_items = counted(log, "user", [user]), counted(log, "item", ASKED)
        assert told["events"] == {"user": of_user, "items": of_items}
        assert (told["degraded"], of_items[-1]) == (False, 0)
        best = running.post("/rank", {"user": user, "items": ASKED, "sort": "score"}).json()
        assert best["events"]["items"] == [of_items[ASKED.index(item)] for item in best["items"]]


def test_events_of_the_request_take_the_place_of_the_stored(kept, log):
    """Also none at all, and ones that are not in order or lie in the future."""
    mine = of_user(make_log(5), UNKNOWN)
    shuffled = mine.take(np.random.default_rng(0).permutation(len(mine)))
    later = pa.Table.from_pylist([mine.to_pylist()[0] | {"event_timestamp": NOW + AGES[0]}], mine.schema)
    future = pa.concat_tables([mine, later])
    with Running(kept, "dense") as running:
        for events, count in ((mine, None), (shuffled, None), (future, None), (EMPTY, 0)):
            known = before_now(events)
            users, _ = sides(kept.offline(UNKNOWN, ASKED, known))
            _, items = sides(kept.offline(UNKNOWN, ASKED, log))
            answer = running.post("/rank", {"user": UNKNOWN, "items": ASKED, "events": given(events)})
            check_scores(answer, expected_scores(kept, running, UNKNOWN, ASKED, users | items))
            assert answer.json()["events"]["user"] == (len(known) if count is None else count)
        stored = running.post("/rank", {"user": UNKNOWN, "items": ASKED}).json()
        assert stored["scores"] != answer.json()["scores"]


def test_a_repository_without_histories_gives_figures_of_the_prior(not_kept):
    mine = before_now(of_user(make_log(5), UNKNOWN))
    with Running(not_kept, "dense") as running:
        expected = not_kept.offline(UNKNOWN, ASKED, EMPTY)
        check_figures(running, UNKNOWN, ASKED, expected)
        answer = running.post("/rank", {"user": UNKNOWN, "items": ASKED})
        check_scores(answer, expected_scores(not_kept, running, UNKNOWN, ASKED, expected))
        assert answer.json()["events"] == {"user": 0, "items": [0] * len(ASKED)}
        assert answer.json()["degraded"] is False
        answer = running.post("/rank", {"user": UNKNOWN, "items": ASKED, "events": given(mine)})
        assert answer.json()["events"] == {"user": len(mine), "items": [0] * len(ASKED)}
        running.service.probe_store()


def test_histories_that_are_kept_from_now_on_are_read_from_now_on(not_kept, log):
    with Running(not_kept, "fresh") as running:
        assert running.post("/rank", {"user": KNOWN, "items": ASKED}).json()["events"]["user"] == 0
        (not_kept.repo / "embedding_features.yaml").write_text(SETTINGS)
        apply(not_kept.repo)
        push(not_kept.repo, log)
        told = running.post("/rank", {"user": KNOWN, "items": ASKED}).json()
        assert told["events"]["user"] == counted(log, "user", [KNOWN])[0]


@pytest.fixture(params=["ours", "redis"])
def address(request):
    """Of Redis, or nothing for the embedded store."""
    return request.getfixturevalue("redis_address") if request.param == "redis" else ""


def test_a_pushed_event_is_seen_by_the_next_request(tmp_path, log, address):
    world, events = make_fresh_world(tmp_path, redis=address), EMPTY
    with Running(world, "dense") as running, ef.EmbeddingFeatures(world.repo) as client:
        for number in range(6):
            pushed = before_now(of_user(log, UNKNOWN)).slice(number, 1)
            client.push_events("user", pushed)
            events = pa.concat_tables([events, pushed])
            users, _ = sides(world.offline(UNKNOWN, ASKED, events))
            _, items = sides(world.offline(UNKNOWN, ASKED, EMPTY))
            check_figures(running, UNKNOWN, ASKED, users | items)
            told = running.post("/rank", {"user": UNKNOWN, "items": ASKED}).json()
            assert told["events"]["user"] == number + 1
            assert told["found"]["user"] is False


@pytest.mark.parametrize("kind", ["dense", "fresh"])
@pytest.mark.parametrize("gone", ["embedding_features/user_events", "embedding_features/item_events", "."])
def test_the_store_is_moved_away_and_back(kept, kind, gone):
    """All of it, or a view of histories: nothing of it counts, and the figures are those of the prior."""
    folder, hidden = online(kept) / gone, kept.repo / "hidden"
    asked = {"user": KNOWN, "items": ASKED}
    with Running(kept, kind, store=QUICK) as running:
        before = running.post("/rank", asked).json()
        folder.rename(hidden)
        try:
            for _ in range(2):
                check_without_a_store(kept, running, asked)
            assert not running.service.circuit_breaker.reachable
            running.until(lambda: running.service.circuit_breaker._failures > 3)  # what looks for it fails
            check_without_a_store(kept, running, asked)
        finally:
            hidden.rename(folder)
        running.until(lambda: running.get("/health").json()["store_reachable"])
        after = running.post("/rank", asked).json()
        assert (after["scores"], after["events"]) == (before["scores"], before["events"])
        assert (before["degraded"], after["degraded"]) == (False, False)


def online(world):
    return world.repo / "data" / "online"


def check_without_a_store(world, running, asked):
    told = running.post("/rank", asked)
    expected = world.offline(asked["user"], asked["items"], EMPTY)
    bundle, count = load_bundle(running.folder), len(ASKED)
    columns = {"user_id": pa.array([asked["user"]] * count), "item_id": pa.array(ASKED), **expected}
    table = pa.table({name: columns.get(name, pa.nulls(count)) for name in bundle.spec.columns()})
    check_scores(told, bundle.score(table))
    assert told.json()["degraded"] is True
    assert told.json()["events"] == {"user": 0, "items": [0] * count}


def test_a_service_that_starts_without_its_store_reads_events_once_it_is_there(kept, log):
    hidden = kept.repo / "hidden"
    online(kept).rename(hidden)
    try:
        with Running(kept, "fresh", store=QUICK) as running:
            assert running.post("/rank", {"user": KNOWN, "items": ASKED}).json()["degraded"] is True
            hidden.rename(online(kept))
            running.until(lambda: running.get("/health").json()["store_reachable"])
            told = running.post("/rank", {"user": KNOWN, "items": ASKED}).json()
            assert told["degraded"] is False
            assert told["events"]["user"] == counted(log, "user", [KNOWN])[0]
    finally:
        if hidden.exists():
            hidden.rename(online(kept))


def test_a_request_that_brings_all_that_is_read_needs_no_store(kept):
    """The bundle of one side alone."""
    mine = before_now(of_user(make_log(5), KNOWN))
    with Running(kept, "user", store=QUICK | {"probe_seconds": 10**6}) as running:
        running.service.metrics.degraded = True
        asked = {"user": KNOWN, "items": ASKED}
        assert running.post("/rank", asked).json()["degraded"] is True
        told = running.post("/rank", asked | {"events": given(mine)}).json()
        assert (told["degraded"], told["events"]) == (False, {"user": len(mine), "items": None})
        assert running.service.metrics.degraded, "nobody asked the store, so nobody knows that it is back"


def figures(running):
    families = text_string_to_metric_families(running.get("/metrics").text)
    return {(s.name, s.labels.get("side"), s.labels.get("le")): s.value for f in families for s in f.samples}


def test_requests_without_events_and_ages_of_events_are_counted(kept):
    """By side; nothing is counted where a bundle reads no fresh figures, or there is no item."""
    old = [{"item": ITEMS[0], "value": 1.0, "at": (NOW - age).isoformat()} for age in AGES]
    with Running(kept, "user") as running:
        for events in ([], old, old[1:], []):
            assert running.post("/rank", {"user": KNOWN, "items": [], "events": events}).status_code == 200
        found = figures(running)
    name = "embedding_features_newest_event_age_seconds"
    assert found["embedding_features_requests_without_events_total", "user", None] == 2
    assert found["embedding_features_requests_without_events_total", "item", None] == 0
    assert found[f"{name}_count", "user", None] == 2
    assert found[f"{name}_sum", "user", None] == 3 + 7200
    buckets = [found[f"{name}_bucket", "user", le] for le in ("1.0", "5.0", "3600.0", "21600.0", "+Inf")]
    assert buckets == [0, 1, 1, 2, 2]
    assert found[f"{name}_count", "item", None] == 0


def test_a_bundle_without_fresh_figures_says_nothing_of_events(served):
    answer = served.post("/rank", {"user": 1, "items": [2], "events": []}).json()
    assert answer["events"] == {"user": None, "items": None}
    assert figures(served)["embedding_features_requests_without_events_total", "user", None] == 0


def test_recommendations_count_events_too(kept, log):
    with Running(kept, "dense") as running:
        told = running.post("/recommend", {"user": KNOWN, "k": 5}).json()
        assert told["source"] == "recall"
        assert told["events"] == {
            "user": counted(log, "user", [KNOWN])[0],
            "items": counted(log, "item", told["items"]),
        }


def nearest(repo, vector, k):
    with ef.EmbeddingFeatures(repo) as client:
        return client.recall(vector[None], k, "item").ids.to_pylist()


@pytest.mark.parametrize("events", [None, "given"])
def test_a_user_whom_no_snapshot_knows_is_recommended_what_her_events_are_near_to(kept, log, events):
    """By the query that the library makes of them: the last ten, and a part of the mean user."""
    mine = of_user(log, UNKNOWN) if events is None else of_user(log, KNOWN)
    with ef.EmbeddingFeatures(kept.repo) as client:
        vector = client.query_vector(UNKNOWN, events=None if events is None else mine)
        assert client.query_vector(UNKNOWN, events=mine.slice(0, 0)) is None
    asked = {"user": UNKNOWN, "k": 5, "candidates": 5} | ({} if events is None else {"events": given(mine)})
    with Running(kept, "dense") as running:
        told = running.post("/recommend", asked).json()
    assert (told["source"], told["candidates"]) == ("recall", 5)
    assert sorted(told["items"]) == sorted(nearest(kept.repo, vector, 5))


def test_a_user_without_an_event_or_a_vector_is_recommended_nothing(kept):
    with Running(kept, "dense") as running:
        told = running.post("/recommend", {"user": 778, "k": 5}).json()
        assert (told["source"], told["items"]) == ("none", [])


@pytest.mark.parametrize("kind", ["dense", "item"])
def test_no_items(kept, kind):
    with Running(kept, kind) as running:
        told = running.post("/rank", {"user": KNOWN, "items": []})
        assert (told.status_code, told.json()["scores"], told.json()["events"]["items"]) == (200, [], [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"events": [{"item": "a", "value": 1.0, "at": "2026-01-01T12:00:00Z"}]}, "ids are string"),
        ({"user": "a"}, "string"),
        ({"items": ["a"]}, "string"),
    ],
)
def test_ids_of_another_type_are_refused(kept, change, says):
    with Running(kept, "fresh") as running:
        answer = running.post("/rank", {"user": KNOWN, "items": ITEMS[:2]} | change)
        assert answer.status_code == 422, answer.text
        assert says in answer.json()["error"]
