"""``embedding-features serve``, a process of its own on uvicorn: under load while its bundle is replaced."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest

from jobs.cli import run
from tests.service.test_reload import digest_of, point
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 20).to_pylist(), ids_of("item", 33).to_pylist()
TOKEN = "a-token-of-the-environment"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PROGRAM = [sys.executable, "-c", "from jobs.cli import main; main()", "serve"]


class Process:
    """A running command."""

    def __init__(self, folder, *arguments):
        self.log = folder / "log"
        environment = os.environ | {"EMBEDDING_FEATURES_TOKENS": TOKEN}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, *map(str, arguments), "--port", "0", "--json"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
            )  # fmt: skip
        ready, _, _ = select.select([self.process.stdout], [], [], 120)
        line = self.process.stdout.readline() if ready else ""
        assert line, self.log.read_text()
        self.told = json.loads(line)
        self.url = self.told["serving"]

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(30)


@pytest.fixture
def serving(world, tmp_path):
    link = tmp_path / "current"
    point(link, world.bundle("lightgbm"))
    process = Process(tmp_path, "--bundle", link, "--repo", world.repo)
    yield process, link
    if process.process.poll() is None:
        process.process.kill()
        process.process.wait()


async def hammer(url, world, link, process, expected):
    """Load from eight clients while the bundle is replaced six times, by route and by signal."""
    stop, answers = asyncio.Event(), []

    async def client(http, number):
        while not stop.is_set():
            user = USERS[(number + len(answers)) % 20]
            answer = await http.post("/rank", json={"user": user, "items": ITEMS})
            answers.append((user, answer))

    async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=30) as http:
        for user in USERS:
            for kind in ("lightgbm", "wide_deep"):
                expected[digest_of(world.bundle(kind)), user] = None
        clients = [asyncio.create_task(client(http, number)) for number in range(8)]
        for turn in range(6):
            kind = ("wide_deep", "lightgbm")[turn % 2]
            await asyncio.sleep(0.25)
            point(link, world.bundle(kind))
            if turn < 4:
                told = (await http.post("/reload")).json()
                assert told["bundle"] == digest_of(world.bundle(kind))
            else:
                process.process.send_signal(signal.SIGHUP)
                for _ in range(200):
                    await asyncio.sleep(0.05)
                    if (await http.get("/health")).json()["bundle"] == digest_of(world.bundle(kind)):
                        break
        await asyncio.sleep(0.25)
        stop.set()
        await asyncio.gather(*clients)
        return answers


def test_a_bundle_is_replaced_under_load_and_no_request_is_lost(serving, world):
    """Every request is answered, from one of the two bundles as it says, and not from a mixture."""
    process, link = serving
    assert process.told["bundle"] == digest_of(world.bundle("lightgbm"))
    assert process.told["auth"] == "tokens"
    answers = asyncio.run(hammer(process.url, world, link, process, {}))
    assert len(answers) > 60
    assert {answer.status_code for _, answer in answers} == {200}
    seen = {}
    for user, answer in answers:
        told = answer.json()
        assert told["degraded"] is False
        assert told["items"] == ITEMS
        scores = seen.setdefault((told["bundle"], user), told["scores"])
        assert scores == told["scores"]
    bundles = {bundle for bundle, _ in seen}
    assert bundles == {digest_of(world.bundle(kind)) for kind in ("lightgbm", "wide_deep")}
    both = [user for user in USERS if all((bundle, user) in seen for bundle in bundles)]
    assert both
    assert all(not np.array_equal(*(seen[bundle, user] for bundle in bundles)) for user in both)
    check_wire(process)
    asyncio.run(drains(process))
    log = process.log.read_text()
    assert TOKEN not in log
    lines = [json.loads(line) for line in log.splitlines()]
    requests = [line for line in lines if line["event"] == "request" and line["route"] == "/rank"]
    assert len(requests) >= len(answers)
    assert requests[0].keys() >= {"request_id", "status", "ms", "caller", "level", "timestamp"}
    assert sum(line["event"] == "reloaded" for line in lines) == 6


def check_wire(process):
    """What a client could not send by a library: lies about a body's length, and no HTTP at all."""
    address = ("127.0.0.1", int(process.url.rsplit(":", 1)[1]))

    def exchange(data):
        with socket.create_connection(address, timeout=20) as connection:
            connection.sendall(data)
            pieces = []
            while piece := connection.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)

    head = (
        f"POST /rank HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
    )
    body = json.dumps({"user": USERS[0], "items": ITEMS[:2]}).encode()
    short = exchange(head + b"Content-Length: 10\r\n\r\n" + body)
    assert short.startswith((b"HTTP/1.1 400", b"HTTP/1.1 422"))  # what follows the body is no request
    long = exchange(head + b"Content-Length: 99999999\r\n\r\n" + body)
    assert long.startswith(b"HTTP/1.1 413")
    chunk = b"%x\r\n%s\r\n" % (2**19, b" " * 2**19)
    chunked = exchange(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3 + b"0\r\n\r\n")
    assert chunked.startswith(b"HTTP/1.1 413")
    for text in (short, long, chunked, exchange(b"nonsense\r\n\r\n")):
        assert b"Traceback" not in text
        assert b"uvicorn" not in text
        assert TOKEN.encode() not in text


async def drains(process):
    """SIGTERM ends what was begun, then the process, as asked: with 0."""
    body = {"user": USERS[0], "items": ITEMS * 30}
    async with httpx.AsyncClient(base_url=process.url, headers=HEADERS, timeout=30) as http:
        await http.get("/health")
        asked = [asyncio.create_task(http.post("/rank", json=body)) for _ in range(12)]
        await asyncio.sleep(0.05)
        process.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [200] * 12
    assert process.process.wait(30) == 0


def test_the_command_has_help_with_an_example_and_exit_codes(capsys):
    assert run(["serve", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example: embedding-features serve" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--bundle": "nowhere"}, 2, "no bundle at"),
        ({"--repo": "nowhere"}, 6, "feature_store.yaml"),
        ({"--config": "nowhere.yaml"}, 2, "nowhere.yaml"),
        ({"--host": "192.0.2.1"}, 2, "cannot listen at 192.0.2.1"),
        ({"--config": None}, 2, "no token in $EMBEDDING_FEATURES_TOKENS"),
    ],
)
def test_what_cannot_be_served_is_named(world, tmp_path, monkeypatch, capsys, change, code, says):
    monkeypatch.delenv("EMBEDDING_FEATURES_TOKENS", raising=False)
    monkeypatch.setattr("jobs.steps.serve.set_up_logs", lambda: None)
    (tmp_path / "service.yaml").write_text("auth: {kind: none}\n")
    options = {
        "--bundle": world.bundle("lightgbm"), "--repo": world.repo, "--config": tmp_path / "service.yaml",
        "--port": 0,
    } | change  # fmt: skip
    given = [str(part) for pair in options.items() if pair[1] is not None for part in pair]
    assert run(["serve", *given, "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert says in told["error"]
    assert told["exit_code"] == code


def test_the_missing_extra_is_named():
    """As a machine without FastAPI has it; and the command line's help needs none of it."""
    program = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from jobs.cli import run\n"
        "assert run(['serve', '--help']) == 0\n"
        "sys.exit(run(['serve', '--bundle', 'b', '--json']))\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert time.monotonic() - started < 120
    assert done.returncode == 2
    assert 'pip install "embedding-features[service]"' in done.stderr
