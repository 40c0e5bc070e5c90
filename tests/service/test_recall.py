"""Candidates are the client's, and a recommendation is both stages, one after the other."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import embedding_features as ef
from tests.service.running import Running
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()


@pytest.fixture(scope="module")
def client(world):
    with ef.EmbeddingFeatures(world.repo) as client:
        yield client


def lists_of(hits):
    counts = (hits.rows >= 0).sum(axis=1)
    scores = [row[:count].tolist() for row, count in zip(hits.scores, counts, strict=True)]
    return [{"ids": ids, "scores": of} for ids, of in zip(hits.lists().to_pylist(), scores, strict=True)]


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"deny": ITEMS[:9]},
        {"allow": ITEMS[4:9]},
        {"deny": [[ITEMS[0]], None, ITEMS[3:20]], "allow": [ITEMS[:2], ITEMS[:4], []]},
        {"allow": []},
    ],
)
def test_recall_is_the_clients(served, client, how):
    ids = [USERS[0], USERS[21], USERS[7]]
    asked = {"ids": ids, "by": "user", "node_type": "item", "k": 6} | how
    expected = lists_of(client.recall(ids, 6, "item", by="user", **how))
    answer = served.post("/recall", asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"] == expected
    vectors = client.online([USERS[0], USERS[7]], ["spectral_user_vector"])["spectral_user_vector"].arrays[
        "vector"
    ]
    if how.keys() <= {"deny"} and not isinstance(how.get("deny", [0])[0], list):
        asked = {"vectors": vectors.tolist(), "node_type": "item", "k": 6} | how
        assert served.post("/recall", asked).json()["results"] == [expected[0], expected[2]]


def test_an_item_does_not_find_itself(served, client):
    answer = served.post("/recall", {"ids": [ITEMS[3]], "by": "item", "node_type": "item", "k": 50}).json()
    assert answer["results"] == lists_of(client.recall([ITEMS[3]], 50, "item", by="item"))
    assert ITEMS[3] not in answer["results"][0]["ids"]
    assert len(answer["results"][0]["ids"]) == 29


def test_nothing_asked_is_nothing_found(served):
    for asked in ({"ids": [], "by": "user"}, {"vectors": []}):
        assert served.post("/recall", asked | {"node_type": "item"}).json()["results"] == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "give either ids or vectors"),
        ({"ids": [1], "vectors": [[1.0]], "by": "user"}, "give either ids or vectors"),
        ({"ids": [1]}, "give by"),
        ({"vectors": [[1.0] * 4], "by": "user"}, "give by"),
        ({"vectors": [[1.0, 2.0], [1.0]]}, "different lengths"),
        ({"vectors": [[1.0, 2.0]]}, "dim 2"),
        ({"vectors": [[1e300, 0, 0, 0]]}, "NaN or infinity"),
        ({"ids": ["a"], "by": "user"}, "ids of type"),
        ({"ids": [1], "by": "shop"}, "no vectors of 'shop'"),
        ({"ids": [1], "by": "user", "node_type": "shop"}, "no vectors of 'shop'"),
        ({"ids": [1], "by": "user", "deny": ["a"]}, "deny"),
        ({"ids": [1], "by": "user", "deny": [["a"]]}, "deny"),
        ({"ids": [1, 2], "by": "user", "deny": [[1]]}, "1 lists for 2 queries"),
        ({"ids": [1], "by": "user", "allow": [None]}, "null lists"),
        ({"ids": [1], "by": "user", "domain": "books"}, "partition"),
        ({"ids": [1], "by": "user", "k": 0}, "k: "),
        ({"ids": [1], "by": "user", "k": 1001}, "1001 neighbours, more than 1000"),
        ({"ids": [1] * 101, "by": "user"}, "101 queries, more than 100"),
    ],
)
def test_a_recall_that_breaks_a_rule_is_named(served, asked, says):
    answer = served.post("/recall", {"node_type": "item"} | asked)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["error"]


@pytest.fixture(scope="module")
def recommending(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    pq.write_table(
        pa.table({"item_id": [ITEMS[8], ITEMS[2], ITEMS[8], ITEMS[31], ITEMS[5]]}), folder / "p.parquet"
    )
    domains = {"id": ITEMS[:30], "domain": [("even", "odd")[i % 2] for i in range(30)]}
    pq.write_table(pa.table(domains), folder / "d.parquet")
    recall = {"candidates": 12, "domains": {"item": folder / "d.parquet"}}
    limits = {"items": 40}
    with Running(world, "lightgbm", popular=folder / "p.parquet", recall=recall, limits=limits) as running:
        yield running


def test_domains_are_partitions(recommending):
    asked = {"ids": USERS[:3], "by": "user", "node_type": "item", "k": 5, "domain": "odd"}
    found = recommending.post("/recall", asked).json()["results"]
    assert {item for one in found for item in one["ids"]} <= set(ITEMS[1:30:2])
    assert [len(one["ids"]) for one in found] == [5, 5, 5]


def test_a_recommendation_is_both_stages(recommending, client):
    seen, features = ITEMS[:6], {"user_events": 5, "user_mean": 0.5}
    asked = {"user": USERS[4], "k": 5, "deny": seen, "features": features}
    answer = recommending.post("/recommend", asked).json()
    near = client.recall([USERS[4]], 12, "item", by="user", deny=seen).lists().to_pylist()[0]
    ranked = recommending.post(
        "/rank", {"user": USERS[4], "items": near, "features": features, "sort": "score"}
    ).json()
    assert answer["items"] == ranked["items"][:5]
    assert answer["scores"] == ranked["scores"][:5]
    assert not set(answer["items"]) & set(seen)
    assert (answer["source"], answer["candidates"], answer["degraded"]) == ("recall", 12, False)
    assert answer["found"] == {"user": True, "items": [True] * 5}
    assert np.ptp(ranked["scores"]) > 0
    wide = recommending.post("/recommend", asked | {"candidates": 3, "k": 9}).json()
    assert (wide["candidates"], len(wide["items"])) == (3, 3)


def test_a_user_without_a_vector_gets_what_is_popular(recommending, served):
    asked = {"user": USERS[21], "deny": [ITEMS[2]]}
    answer = recommending.post("/recommend", asked).json()
    assert (answer["source"], answer["candidates"], answer["degraded"]) == ("popular", 3, False)
    items = [ITEMS[8], ITEMS[31], ITEMS[5]]
    ranked = recommending.post("/rank", {"user": USERS[21], "items": items, "sort": "score"}).json()
    assert (answer["items"], answer["scores"]) == (ranked["items"], ranked["scores"])
    assert answer["found"]["user"] is False
    nobody = served.post("/recommend", asked).json()  # has no such list
    assert (nobody["source"], nobody["items"], nobody["candidates"]) == ("none", [], 0)


@pytest.mark.parametrize(("user", "known"), [(USERS[0], True), (USERS[21], False)])
def test_a_user_is_known_or_not_whatever_is_denied(recommending, served, user, known):
    for running in (recommending, served):
        answer = running.post("/recommend", {"user": user, "deny": ITEMS}).json()
        assert (answer["source"], answer["items"], answer["candidates"]) == ("none", [], 0)
        assert answer["found"] == {"user": known, "items": []}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"candidates": 41}, "41 candidates, more than 40"),
        ({"k": 1001}, "1001 recommendations, more than 1000"),
        ({"features": {"item_events": [1, 2]}}, "2 values beside"),
        ({"user": "a"}, "ids of type"),
        ({"deny": ["a"]}, "deny"),
    ],
)
def test_a_recommendation_that_breaks_a_rule_is_named(recommending, asked, says):
    answer = recommending.post("/recommend", {"user": USERS[0]} | asked)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["error"]
