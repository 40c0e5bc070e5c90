"""What a client could not send by a library: paths, methods, lengths and headers byte by byte."""

import json
import os

import pytest

from tests.service.processes import TOKEN, Process, parsed, post, read_all, read_answer
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 20).to_pylist(), ids_of("item", 33).to_pylist()
BODY = {"user": USERS[0], "items": ITEMS[:2]}
CLOSE = "Connection: close\r\n"


@pytest.fixture(scope="module")
def process(world, tmp_path_factory):
    with Process(tmp_path_factory.mktemp("wire"), world.bundle("lightgbm"), world.repo) as process:
        yield process


def asked(process, data):
    """The last answer of a connection that ends, and that it leaks nothing."""
    found = process.exchange(data)
    for text in (b"Traceback", b"uvicorn", TOKEN.encode(), os.fsencode(process.log.parent)):
        assert text not in found
    status, headers, body = parsed(found[found.rindex(b"HTTP/1.1 ") :])
    assert headers["x-request-id"]
    if status >= 400 and body:
        told = json.loads(body)
        assert headers["content-type"] == "application/json"
        assert told.keys() == {"error", "fix", "request_id"}
        assert all(told.values())
        assert told["request_id"] == headers["x-request-id"]
    assert "location" not in headers
    return status, headers, body


def plain(method, path, headers=""):
    host = "" if "Host:" in headers else "Host: x\r\n"
    return f"{method} {path} HTTP/1.1\r\n{host}{headers}{CLOSE}\r\n".encode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/rank", 200),
        ("/rank?x=1", 200),
        ("/%72ank", 200),
        ("http://ranker.example.org/rank", 200),  # as RFC 9112, 3.2.2 has clients ask a proxy
        ("http://evil.example/rank/", 404),
        ("/rank/", 404),
        ("/rank%2F", 404),
        ("//rank", 404),
        ("//evil.example/rank", 404),
        ("/./rank", 404),
        ("/rank//", 404),
        ("/RANK", 404),
        ("/rank;x", 404),
        ("/%ff", 404),
        ("rank", 400),
        ("?x", 400),
        ("/a b", 400),
    ],
)
@pytest.mark.parametrize("headers", ["", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n"])
def test_paths_are_as_they_stand_and_nothing_is_redirected(process, path, status, headers):
    assert asked(process, post(BODY, path, CLOSE + headers))[0] == status


def test_no_host_is_believed(process):
    for host in ("evil.example", "evil.example:99", "[::1]", "", "a/b"):
        data = post(BODY, "/rank/", CLOSE).replace(b"Host: x", b"Host: " + host.encode())
        status, headers, body = asked(process, data)
        assert status == 404
        assert b"evil" not in body + json.dumps(headers).encode()


@pytest.mark.parametrize("path", ["/health", "/metrics", "/openapi.json", "/nowhere"])
def test_head_is_get_without_its_body(process, path):
    auth = f"Authorization: Bearer {TOKEN}\r\n"
    full, head = (asked(process, plain(method, path, auth)) for method in ("GET", "HEAD"))
    assert (full[0], full[1].keys()) == (head[0], head[1].keys())
    assert full[1]["content-type"] == head[1]["content-type"]
    assert int(head[1]["content-length"]) > 0
    assert head[2] == b""
    assert len(full[2]) == int(full[1]["content-length"])


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("OPTIONS", "/rank", 405, "POST"),
        ("GET", "/rank", 405, "POST"),
        ("HEAD", "/rank", 405, "POST"),
        ("TRACE", "/recall", 405, "POST"),
        ("DELETE", "/reload", 405, "POST"),
        ("POST", "/health", 405, "GET, HEAD"),
        ("OPTIONS", "/metrics", 405, "GET, HEAD"),
        ("PUT", "/openapi.json", 405, "GET, HEAD"),
        ("OPTIONS", "/nowhere", 404, None),
        ("OPTIONS", "*", 404, None),
        ("CONNECT", "example.com:443", 400, None),
        ("CONNECT", "/rank", 400, None),
        ("NONSENSE", "/rank", 400, None),
    ],
)
def test_other_methods_are_told_which_are_allowed(process, method, path, status, allow):
    told = asked(process, plain(method, path))
    assert (told[0], told[1].get("allow")) == (status, allow)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",  # TLS
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
        post(BODY, headers="Content-Length: 3\r\n"),
        post(BODY, length="-1"),
        post(BODY, length="much"),
        post(BODY, headers="Content-Length: 50\r\nTransfer-Encoding: chunked\r\n"),
        post(b"zz\r\n", headers="Transfer-Encoding: chunked\r\n"),
    ],
)
def test_what_is_no_http_is_told_so(process, data):
    status, headers, _ = asked(process, data)
    assert (status, headers["connection"]) == (400, "close")


@pytest.mark.parametrize(
    "header", ["Host: a", "Authorization: Bearer b", "Content-Type: text/csv", "Expect: 100-continue"]
)
def test_a_header_that_counts_is_there_once(process, header):
    headers = f"{CLOSE}Content-Type: application/json\r\n{header}\r\n{header}\r\n"
    status, _, body = asked(process, post(BODY, headers=headers))
    assert status == 400
    assert header.split(":")[0].lower() in json.loads(body)["error"]


def chunked(data, pieces=3):
    size = -(-len(data) // pieces)
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_a_body_in_pieces(process):
    body, coded = json.dumps(BODY).encode(), f"{CLOSE}Transfer-Encoding: chunked\r\n"
    assert asked(process, post(chunked(body), headers=coded))[0] == 200
    trailer = chunked(body)[:-2] + b"X-Trailer: a\r\n\r\n"
    assert asked(process, post(trailer, headers=coded))[0] == 200
    gzipped = coded.replace("chunked", "gzip, chunked")
    assert asked(process, post(chunked(body), headers=gzipped))[0] == 415
    large = b"%x\r\n%s\r\n" % (2**19, b" " * 2**19) * 3
    assert asked(process, post(large + b"0\r\n\r\n", headers=coded))[0] == 413


def test_lies_about_a_bodys_length(process):
    # what follows the body is no request
    assert asked(process, post(BODY, headers=CLOSE, length=10))[0] in (400, 422)
    assert asked(process, post(BODY, headers=CLOSE, length=99999999))[0] == 413


def test_who_waits_to_send_a_body_is_told_to_or_that_the_connection_ends(process):
    expects = f"{CLOSE}Expect: 100-continue\r\n"
    assert process.exchange(post(BODY, headers=expects)).startswith(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"
    )
    for data, status in (
        (post(b"", "/nowhere", "Expect: 100-continue\r\n", length=50), 404),
        (post(b"", headers="Expect: 100-continue\r\nContent-Encoding: gzip\r\n", length=50), 415),
        (post(b"", headers="Expect: 100-continue\r\n", length=50).replace(TOKEN.encode(), b"x"), 401),
    ):
        found = asked(process, data)  # which ends though the body never comes
        assert (found[0], found[1]["connection"]) == (status, "close")


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.0"])
def test_an_offer_of_another_protocol_is_passed_over(process, protocol):
    """Java's client offers HTTP/2 with each first request; its body must not be taken for that."""
    offer = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\nHTTP2-Settings: AAEAAEAA\r\n"
    with process.connect() as connection:
        for piece in (post(BODY, headers=offer), post(BODY)):
            connection.sendall(piece[:-5])
            connection.sendall(piece[-5:])
            status, _, told = read_answer(connection)
            assert (status, told["items"]) == (200, ITEMS[:2])
        connection.sendall(plain("GET", "/health", f"Upgrade: {protocol}\r\n").replace(b"close", b"upgrade"))
        assert read_answer(connection)[0] == 200
        connection.sendall(plain("GET", "/health"))
        assert read_all(connection).startswith(b"HTTP/1.1 200")


def test_an_old_client_is_answered(process):
    assert process.exchange(b"GET /health HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
