"""The online store is away and comes back: what is answered meanwhile, and that nobody waits for the dead."""

import shutil
import socket

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from embedding_features.store import apply, materialize
from ranking.bundle import load_bundle
from ranking.service.circuit_breaker import CircuitBreaker
from tests.service.running import Running
from tests.store.builders import ids_of
from tests.store.bundle_world import make_bundles

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()
QUICK = {"failures": 2, "probe_seconds": 0.1}


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """A world whose store is taken away."""
    world = make_bundles(tmp_path_factory.mktemp("away"))
    materialize(world.repo)
    pq.write_table(pa.table({"item_id": ITEMS[:6]}), world.folder / "popular.parquet")
    return world


def check_degraded(running, world):
    """All routes while the store is away."""
    bundle = load_bundle(running.folder)
    asked = {"user": USERS[0], "items": ITEMS[:5], "features": {"user_mean": 0.25}}
    answer = running.post("/rank", asked)
    assert answer.status_code == 200
    table = {
        c: pa.nulls(5)
        if c not in ("user_id", "item_id", "user_mean")
        else pa.array({"user_id": [USERS[0]] * 5, "item_id": ITEMS[:5], "user_mean": [0.25] * 5}[c])
        for c in bundle.spec.columns()
    }
    np.testing.assert_array_equal(
        np.array(answer.json()["scores"], np.float32), bundle.score(pa.table(table))
    )
    assert answer.json()["degraded"] is True
    assert answer.json()["found"] == {"user": False, "items": [False] * 5}
    nothing = running.post("/rank", {"user": USERS[0], "items": []}).json()
    assert (nothing["degraded"], nothing["scores"]) == (True, [])
    answer = running.post("/recall", {"ids": [USERS[0]], "by": "user", "node_type": "item"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    answer = running.post("/recommend", {"user": USERS[0], "deny": [ITEMS[1]]}).json()
    assert (answer["source"], answer["degraded"], answer["candidates"]) == ("popular", True, 5)
    assert set(answer["items"]) == set(ITEMS[:6]) - {ITEMS[1]}
    assert running.post("/recommend", {"user": USERS[0], "deny": ITEMS[:6]}).status_code == 503
    health = running.get("/health")
    assert health.status_code == 200
    assert (health.json()["status"], health.json()["store_reachable"]) == ("degraded", False)
    assert "embedding_features_degraded 1.0" in running.get("/metrics").text


def check_back(running, before):
    running.until(lambda: running.get("/health").json()["store_reachable"])
    answer = running.post("/rank", {"user": USERS[0], "items": ITEMS[:5]}).json()
    assert answer["degraded"] is False
    assert answer["scores"] == before["scores"]
    assert answer["found"]["user"] is True
    assert running.post("/recall", {"ids": [USERS[0]], "by": "user", "node_type": "item"}).status_code == 200
    assert "embedding_features_degraded 0.0" in running.get("/metrics").text


@pytest.mark.parametrize("gone", ["data/online", "."])
def test_the_embedded_store_is_moved_away_and_back(away, gone):
    """The store alone, or the whole repository."""
    folder = (away.repo / gone).resolve()
    hidden = folder.with_name("hidden")
    popular = away.folder / "popular.parquet"
    with Running(away, "din", store=QUICK, popular=popular) as running:
        before = running.post("/rank", {"user": USERS[0], "items": ITEMS[:5]}).json()
        assert before["degraded"] is False
        folder.rename(hidden)
        try:
            # from the first request on, before it is known to be away
            first = running.post("/rank", {"user": USERS[0], "items": ITEMS[:5]})
            assert (first.status_code, first.json()["degraded"]) == (200, True)
            first = running.post("/recommend", {"user": USERS[0]})
            assert (first.status_code, first.json()["source"]) == (200, "popular")
            running.until(
                lambda: not running.service.circuit_breaker.reachable
            )  # and nobody asks: it is noticed
            check_degraded(running, away)
            history = {
                "user": USERS[0],
                "items": ITEMS[:2],
                "features": {"user_history": [ITEMS[3], ITEMS[32]]},
            }
            assert running.post("/rank", history).status_code == 200
        finally:
            hidden.rename(folder)
        check_back(running, before)


def test_a_service_starts_without_its_store(away):
    online = away.repo / "data" / "online"
    online.rename(away.repo / "data" / "hidden")
    try:
        with Running(away, "din", store=QUICK) as running:
            answer = running.post("/rank", {"user": USERS[0], "items": ITEMS[:5]})
            assert (answer.status_code, answer.json()["degraded"]) == (200, True)
            refused = running.post("/reload")  # whether the store has what a new bundle reads, nobody knows
            assert refused.status_code == 409
            assert running.service.bundle_holder.current.digest in refused.json()["error"]
    finally:
        (away.repo / "data" / "hidden").rename(online)


def on_redis(world, root, address):
    """The same runs in a repository over a Redis server."""
    shutil.copytree(
        world.repo, root / "repo", ignore=shutil.ignore_patterns("online", "registry.db", "recall")
    )
    path = root / "repo" / "feature_store.yaml"
    settings = yaml.safe_load(path.read_text())
    store = "embedding_features.store.online_stores.redis.RedisEmbeddingOnlineStore"
    settings["online_store"] = {"type": store, "connection_string": address, "timeout_seconds": 10}
    path.write_text(yaml.safe_dump(settings))
    apply(root / "repo")
    materialize(root / "repo")
    return root / "repo"


def test_redis_is_stopped_and_started(away, tmp_path, own_redis):
    redis = own_redis("--appendonly", "yes")
    repo, popular = on_redis(away, tmp_path, redis.address), away.folder / "popular.parquet"
    with Running(away, "din", repo=repo, store=QUICK, popular=popular) as running:
        asked = {"user": USERS[0], "items": ITEMS[:5]}
        before = running.post("/rank", asked).json()
        assert before["degraded"] is False
        redis.kill()
        assert running.post("/rank", asked).json()["degraded"] is True
        running.until(lambda: not running.service.circuit_breaker.reachable)
        check_degraded(running, away)
        redis.start()
        check_back(running, before)
        redis.client().flushall()  # there, but with nothing in it
        running.until(lambda: running.post("/rank", asked).json()["degraded"])


def test_a_store_that_hangs_costs_a_request_a_moment_and_then_nothing(away, tmp_path, own_redis, monkeypatch):
    """A server that takes connections and never answers: the first requests wait, later ones do not try."""
    redis, tried = own_redis(), []
    repo = on_redis(away, tmp_path, redis.address)
    asked = {"user": USERS[0], "items": ITEMS[:5]}
    with Running(away, "din", repo=repo) as running:
        assert running.post("/rank", asked).json()["degraded"] is False
    count_failure = CircuitBreaker._count_failure
    monkeypatch.setattr(
        CircuitBreaker,
        "_count_failure",
        lambda breaker, error: tried.append(error) or count_failure(breaker, error),
    )
    redis.kill()
    with socket.create_server(("127.0.0.1", redis.port)):  # which the system lets connect
        store = {"failures": 2, "probe_seconds": 10**6, "timeout_seconds": 0.2}
        with Running(away, "din", repo=repo, store=store) as running:
            for _ in range(4):
                assert running.post("/rank", asked).json()["degraded"] is True
            assert not running.service.circuit_breaker.reachable
    # as long as the circuit breaker waits, which is shorter than Redis' own timeout
    assert [type(error) for error in tried] == [TimeoutError] * 2
