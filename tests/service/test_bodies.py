"""What a body may be: JSON in UTF-8, not compressed, each name once; and what is said of any other."""

import gzip
import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.service.bodies import parse
from ranking.service.errors import ServiceError
from ranking.service.requests import RankRequest, RecallRequest, RecommendRequest
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()
GOOD = {"user": USERS[0], "items": ITEMS[:4]}
TEXT = json.dumps(GOOD)
BODIES = {
    "/rank": TEXT,
    "/recall": json.dumps({"ids": [USERS[0]], "by": "user", "node_type": "item"}),
    "/recommend": json.dumps({"user": USERS[0]}),
}


def refused(answer, *says):
    told = answer.json()
    assert answer.status_code == 415, answer.text
    assert all(one in told["error"] + told["fix"] for one in says), answer.text
    return answer


@pytest.mark.parametrize("route", BODIES)
@pytest.mark.parametrize(
    "coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "nonsense"]
)
def test_a_coded_body_is_refused_by_name(served, route, coding):
    text = BODIES[route].encode()
    for body in (gzip.compress(text), zlib.compress(text), text):
        answer = served.post(route, body, headers={"Content-Encoding": coding})
        refused(answer, coding.lower().split()[-1], "without Content-Encoding")
        assert answer.headers["accept-encoding"] == "identity"


def test_codings_over_several_headers(served):
    headers = [("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    refused(served.post("/rank", gzip.compress(TEXT.encode()), headers=headers), "gzip")


def test_a_compressed_body_that_does_not_say_so_is_known(served):
    refused(served.post("/rank", gzip.compress(TEXT.encode())), "gzip")
    refused(served.post("/rank", b"\x28\xb5\x2f\xfd" + TEXT.encode()), "zstd")


@pytest.mark.parametrize("coding", ["", "identity", "Identity"])
def test_a_body_that_is_not_coded(served, coding):
    assert served.post("/rank", TEXT, headers={"Content-Encoding": coding}).status_code == 200


@pytest.mark.parametrize("route", BODIES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_body_in_another_encoding_is_refused_by_name(served, route, encoding):
    answer = served.post(route, BODIES[route].encode(encoding))
    refused(answer, encoding[:6].upper(), "UTF-8")


@pytest.mark.parametrize("route", BODIES)
def test_a_byte_order_mark_is_passed_over(served, route):
    plain, marked = (served.post(route, BODIES[route].encode(how)).json() for how in ("utf-8", "utf-8-sig"))
    assert {**plain, "request_id": ""} == {**marked, "request_id": ""}
    answer = served.post("/rank", TEXT.encode("utf-8-sig")[:-1])
    assert (answer.status_code, answer.json()["error"].startswith("body: Invalid JSON")) == (422, True)


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; charset=us-ascii",
        "application/vnd.ranker.v1+json",
        "application/problem+json; profile=x",
        "text/json",
        "application/x-www-form-urlencoded",  # what curl -d says of it
        "",
    ],
)
def test_types_that_are_taken(served, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    assert served.post("/rank", TEXT, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("text/plain", "text/plain"),
        ("text/csv", "text/csv"),
        ("text/html; charset=utf-8", "text/html"),
        ("application/xml", "application/xml"),
        ("application/octet-stream", "octet-stream"),
        ("application/msgpack", "msgpack"),
        ("application/x-ndjson", "ndjson"),
        ("application/jsonx", "jsonx"),
        ("multipart/form-data; boundary=x", "multipart/form-data"),
        ("nonsense", "nonsense"),
        ("application/json; charset=utf-16", "utf-16"),
        ("application/json; charset=latin-1", "latin-1"),
        ('application/json; charset="ISO-8859-1"', "ISO-8859-1"),
        ("application/json; charset=utf-8; charset=utf-16", "utf-16"),
        ("application/json; charset=", "no charset"),
    ],
)
def test_types_that_are_not(served, kind, says):
    answer = served.post("/rank", TEXT, headers={"Content-Type": kind})
    refused(answer, says, "Content-Type: application/json")
    assert answer.headers["accept"] == "application/json"


def test_a_form_is_no_json(served):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(served.post("/rank", b"user=1&items=2", headers=headers), "urlencoded")
    assert served.post("/rank", b'{"user": 1,', headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"user": 1, "user": 2, "items": []}', "user: "),
        ('{"user": 1, "us\\u0065r": 1, "items": []}', "user: "),
        ('{"user": 1, "items": [1], "items": [1]}', "items: "),
        ('{"user": 1, "items": [], "features": {"a": 1}, "features": {}}', "features: "),
        ('{"user": 1, "items": [], "features": {"a": 1, "b": 2, "a": 1}}', "a: "),
        ('{"user": 1, "items": [], "features": {"\\u00e9": 1, "é": 2}}', "é: "),
        ('{"user": 1, "items": [], "features": {"\\"": 1, "\\u0022": 2}}', '": '),
        ('{"user": 1, "items": [], "sort": "asked", "sort": "score"}', "sort: "),
    ],
)
def test_a_name_that_is_there_twice_is_refused(served, body, says):
    for data in (body.encode(), body.encode("utf-8-sig")):
        answer = served.post("/rank", data)
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"].startswith(says)


def test_a_name_that_is_a_value_too_is_there_once(served):
    asked = {
        "user": USERS[0],
        "items": ITEMS[:1],
        "features": {"sort": ["items"], "features": "user", "\\": '"'},
    }
    for text in (json.dumps(asked), json.dumps(asked, ensure_ascii=False, indent=2)):
        assert served.post("/rank", text.encode()).status_code == 200


@settings(deadline=None)
@given(st.data())
def test_names_are_once_or_refused(data):
    """Whatever a body holds, it is refused exactly where Python's own parser sees a name again."""
    names = st.sampled_from(["a", "b", "user", "items", "é", "\\", '"', "a\\"]) | st.text(max_size=2)
    pairs = data.draw(st.lists(st.tuples(names, st.sampled_from([1, "a", '"a"', None, ["b"]])), max_size=4))
    ascii_only = data.draw(st.booleans())
    inner = ", ".join(f"{json.dumps(n, ensure_ascii=ascii_only)}: {json.dumps(v)}" for n, v in pairs)
    text = f'{{"user": 1, "items": [1], "features": {{{inner}}}}}'
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    if len({name for name, _ in pairs}) < len(pairs):
        with pytest.raises(ServiceError, match="there is more than one"):
            parse(body, RankRequest)
    else:
        assert parse(body, RankRequest).features.keys() == {name for name, _ in pairs}


@pytest.mark.parametrize("kind", [RankRequest, RecallRequest, RecommendRequest])
def test_names_of_every_request_are_looked_at(kind):
    good = {
        RankRequest: BODIES["/rank"],
        RecallRequest: BODIES["/recall"],
        RecommendRequest: BODIES["/recommend"],
    }
    for name, value in json.loads(good[kind]).items():
        body = good[kind][:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"
        with pytest.raises(ServiceError, match=f"{name}: there is more than one"):
            parse(body.encode(), kind)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"user": ' + b"[" * 100_000,
        b'{"user": 1, "items": [], "features": ' + b'{"a": ' * 10_000,
        b'{"user": 1, "items": [], "features": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"user": 1' + b"0" * 5000 + b', "items": []}',
        b'{"user": 1, "items": [-9223372036854775809]}',
        b'{"user": 1, "items": [], "features": {"user_events": 1' + b"0" * 400 + b"}}",
        b'{"user": 1e3, "items": []}',
        b'{"user": 1, "items": [], "features": {"user_mean": -Infinity}}',
        b'{"user": 1, "items": [], "features": {"user_mean": [NaN]}}',
        b'{"user": 1, "items": [], "features": {"\\udfff": 1}}',
        b'{"user": "\\ud800", "items": []}',
        b'{"user": "\xed\xa0\x80", "items": []}',
        b'{"user": "\xff", "items": []}',
        b'{"user": 1, "items": [],}',
        b"{'user': 1, 'items': []}",
        b'{"user": 1, "items": []} x',
        b'{"user": 01, "items": []}',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x00",
    ],
)
def test_strange_json_is_a_named_error(served, body):
    answer = served.post("/rank", body)
    assert answer.status_code == 422, answer.text
    assert len(answer.content) < 2000


def test_failures_that_come_before_the_body_is_read_are_of_one_form(served):
    for method, path, headers, status in (
        ("POST", "/rank/", {}, 404),
        ("GET", "/rank", {}, 405),
        ("POST", "/rank", {"Content-Encoding": "gzip"}, 415),
        ("POST", "/rank", {"Content-Length": "99999999"}, 413),
        ("POST", "/rank", [("Authorization", "a"), ("Authorization", "b")], 400),
    ):
        answer = served.run(
            served.send(method, path, content=TEXT, headers=headers)
        )  # which looks at its form
        assert answer.status_code == status


def test_head_is_answered_as_get_without_a_body(served):
    for path in ("/health", "/metrics", "/openapi.json"):
        answer = served.run(served.http.request("HEAD", path))
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == served.get(path).headers["content-type"]
