"""Bodies that are too large, malformed or strange; too many requests; and ones that take too long."""

import asyncio
import json
import threading

import pytest

from tests.service.running import Running
from tests.service.waiting import LONGEST, eventually
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()
GOOD = {"user": USERS[0], "items": ITEMS[:4]}


@pytest.fixture(scope="module")
def small(world):
    limits = {"body_bytes": 2000, "items": 20, "in_flight": 3}
    with Running(world, limits=limits) as running:
        yield running


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"null", "body: Input should be"),
        (b"[]", "body: Input should be"),
        (b'"text"', "body: Input should be"),
        (b"{} {}", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b'{"user": 1, "items": ["\\ud800"]}', "Invalid JSON"),
        (b'{"user":' + b"[" * 900, "Invalid JSON"),
        (b'{"user": NaN, "items": []}', "user: "),
        (b'{"user": Infinity, "items": []}', "user: "),
        (b'{"user": 1, "items": [-Infinity]}', "items.0: "),
        (
            b'{"user": 1, "items": [], "features": {"user_mean": NaN}}',
            "features.user_mean: give finite numbers",
        ),
        (b'{"user": 1, "items": [], "features": {"user_mean": 1e999}}', "features.user_mean: give finite"),
        (b'{"user": 1, "items": [], "features": {"user_mean": {"a": 1}}}', "features.user_mean: give finite"),
        (b'{"user": 1, "items": [], "features": {"a": [[[[1]]]]}}', "features.a: give finite"),
        (b'{"user": 1, "items": [], "features": [1]}', "features: Input should be"),
        (b'{"user": 1}', "items: Field required"),
        (b'{"items": []}', "user: Field required"),
        (b'{"user": 1, "items": [], "nonsense": "my-secret"}', "nonsense: Extra inputs"),
        (b'{"user": true, "items": []}', "user: "),
        (b'{"user": null, "items": []}', "user: "),
        (b'{"user": 1.0, "items": []}', "user: "),
        (b'{"user": 9223372036854775808, "items": []}', "user: "),
        (b'{"user": 1, "items": [1, "a"]}', "items.1: "),
        (b'{"user": 1, "items": [1, null]}', "items.1: "),
        (b'{"user": 1, "items": 5}', "items: "),
        (b'{"user": 1, "items": [], "sort": "up"}', "sort: Input should be"),
        (b'{"user": "%s", "items": []}' % (b"x" * 600), "user: "),
    ],
)
def test_a_malformed_body_is_named(small, body, says):
    answer = small.post("/rank", body)
    assert answer.status_code == 422
    assert says in answer.json()["error"]
    assert "my-secret" not in answer.text


def test_too_many_items(small):
    answer = small.post("/rank", {"user": 1, "items": ITEMS[:21]})
    assert (answer.status_code, answer.json()["error"]) == (422, "21 items, more than 20")
    assert small.post("/rank", {"user": 1, "items": ITEMS[:20]}).status_code == 200


def padded(size):
    body = json.dumps(GOOD).encode()
    return body + b" " * (size - len(body))


def test_a_body_that_is_too_large(small):
    """As it says itself, and counted where it says nothing or too little."""

    async def chunks(body):
        for start in range(0, len(body), 700):
            yield body[start : start + 700]

    assert small.post("/rank", padded(2000)).status_code == 200
    assert small.post("/rank", chunks(padded(2000))).status_code == 200
    for body, headers, closed in (
        (padded(2001), {}, False),
        (chunks(padded(2001)), {}, False),
        (padded(8000), {}, False),
        (padded(10_000_000), {}, True),
        (chunks(padded(8001)), {}, True),
        (padded(2001), {"Content-Length": "10"}, False),
        (padded(100), {"Content-Length": "8001"}, True),
        (padded(2001), {"Content-Length": "much"}, False),
        (padded(2001), {"Content-Length": b"\xb2"}, False),
        (padded(2001), {"Content-Length": "9" * 5000}, True),
    ):
        answer = small.post("/rank", body, headers=headers)
        assert answer.status_code == 413
        assert "more than 2000 bytes" in answer.json()["error"]
        assert ("connection" in answer.headers) == closed


def test_no_more_of_a_body_is_read_than_may_come(small):
    read = []

    async def endless():
        while True:
            read.append(1)
            yield b" " * 500

    assert small.post("/rank", endless()).status_code == 413
    assert 4 < len(read) <= 20


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/rank", 405),
        ("PUT", "/health", 405),
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("POST", "/x", 404),
    ],
)
def test_what_is_not_there(small, method, path, status):
    assert small.run(small.send(method, path)).status_code == status


def test_a_request_id_is_kept_where_it_is_a_plain_word(small):
    assert small.get("/health", headers={"X-Request-ID": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"
    for strange in ("a b", "<script>", "x" * 65, "", 'a"b'):
        found = small.get("/health", headers={"X-Request-ID": strange}).headers["x-request-id"]
        assert found != strange
        assert len(found) == 32


class Slow:
    """A bundle's score that waits to be let go."""

    def __init__(self, monkeypatch, running):
        self.go, bundle = threading.Event(), running.service.bundle_holder.current
        kind, score = type(bundle), type(bundle).score

        def slow(bundle, *given):
            self.go.wait(LONGEST)
            return score(bundle, *given)

        monkeypatch.setattr(kind, "score", slow)


def test_more_at_once_than_there_are_places_come_again(small, monkeypatch):
    slow = Slow(monkeypatch, small)

    async def crowd():
        asked = [asyncio.create_task(small.send("POST", "/rank", json=GOOD)) for _ in range(3)]
        await eventually(lambda: small.service.metrics.in_flight == 3)
        refused = [await small.send("POST", "/rank", json=GOOD) for _ in range(2)]
        alive = await small.send("GET", "/health")
        figures = await small.send("GET", "/metrics")
        slow.go.set()
        return await asyncio.gather(*asked), refused, alive, figures

    answered, refused, alive, figures = small.run(crowd())
    assert [answer.status_code for answer in answered] == [200] * 3
    assert [answer.status_code for answer in refused] == [503] * 2
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert alive.status_code == 200
    assert "embedding_features_in_flight 3.0" in figures.text
    assert small.post("/rank", GOOD).status_code == 200


def test_what_takes_too_long_is_ended(world, monkeypatch):
    with Running(world, limits={"timeout_seconds": 0.3, "in_flight": 1}) as running:
        slow = Slow(monkeypatch, running)
        answer = running.post("/rank", GOOD)
        assert (answer.status_code, answer.json()["error"]) == (504, "this took too long")
        slow.go.set()
        # its place is free again, and a machine that is busy may take longer than this limit a few times
        statuses = []
        running.until(lambda: statuses.append(running.post("/rank", GOOD).status_code) or 200 in statuses)
        assert set(statuses) <= {200, 504}

        async def endless():
            while True:
                await asyncio.sleep(0.05)
                yield b" "

        assert running.post("/rank", endless()).status_code == 504


def test_a_fault_is_told_by_its_request_id_alone(small, monkeypatch):
    def broken(*_):
        raise RuntimeError(f"in {small.repo}")

    monkeypatch.setattr(type(small.service.bundle_holder.current), "score", broken)
    answer = small.post("/rank", GOOD)
    assert (answer.status_code, answer.json()["error"]) == (500, "a fault of ours")
    monkeypatch.undo()
    assert small.post("/rank", GOOD).status_code == 200
    assert 'requests_total{route="/rank",status="500"}' in small.get("/metrics").text
