"""``embedding-features serve``, a process of its own on uvicorn: under load while its bundle is replaced."""

import asyncio
import itertools
import signal
import subprocess
import sys
from collections import Counter

import httpx
import numpy as np
import pytest

from jobs.cli import run
from tests.service.processes import HEADERS, TOKEN, Process
from tests.service.test_reload import digest_of, point
from tests.service.waiting import LONGEST, eventually
from tests.store.builders import ids_of

USERS, ITEMS = ids_of("user", 20).to_pylist(), ids_of("item", 33).to_pylist()
#: answers of each bundle, so many that every user is asked for once at least
ENOUGH = 40


@pytest.fixture
def serving(world, tmp_path):
    link = tmp_path / "current"
    point(link, world.bundle("lightgbm"))
    with Process(tmp_path, link, world.repo) as process:
        yield process, link


async def hammer(world, process, link):
    """Users and answers under the load of eight clients, the bundle replaced six times by route or signal."""
    stop, answers, count = asyncio.Event(), [], itertools.count()
    seen = Counter()

    async def client(http):
        while not stop.is_set():
            user = USERS[next(count) % len(USERS)]
            answer = await http.post("/rank", json={"user": user, "items": ITEMS})
            answers.append((user, answer))
            seen[answer.json().get("bundle")] += 1

    async def serves(http, digest):
        return (await http.get("/health")).json()["bundle"] == digest

    async with httpx.AsyncClient(base_url=process.url, headers=HEADERS, timeout=LONGEST) as http:
        clients = [asyncio.create_task(client(http)) for _ in range(8)]
        await eventually(lambda: len(answers) > ENOUGH)
        for turn in range(6):
            digest = digest_of(world.bundle(kind := ("wide_deep", "lightgbm")[turn % 2]))
            point(link, world.bundle(kind))
            if turn < 4:
                assert (await http.post("/reload")).json()["bundle"] == digest
            else:
                process.signal(signal.SIGHUP)
                while not await serves(http, digest):
                    await asyncio.sleep(0.01)
            enough = seen[digest] + ENOUGH
            await eventually(lambda digest=digest, enough=enough: seen[digest] > enough)
        stop.set()
        await asyncio.gather(*clients)
    return answers


def test_a_bundle_is_replaced_under_load_and_no_request_is_lost(serving, world):
    """Every request is answered, from one of the two bundles as it says, and not from a mixture."""
    process, link = serving
    assert process.told["bundle"] == digest_of(world.bundle("lightgbm"))
    assert process.told["auth"] == "tokens"
    answers = asyncio.run(hammer(world, process, link))
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
    process.signal(signal.SIGTERM)
    assert process.code() == 0
    assert TOKEN not in process.log.read_text()
    requests = [line for line in process.events("request") if line["route"] == "/rank"]
    assert len(requests) == len(answers)
    assert requests[0].keys() >= {"request_id", "status", "ms", "caller", "level", "timestamp"}
    assert len(process.events("reloaded")) == 6


def test_the_command_has_help_with_an_example_and_exit_codes(capsys):
    assert run(["serve", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example: embedding-features serve" in text
    assert "Exit codes:" in text


def test_the_missing_extra_is_named():
    """As a machine without FastAPI has it; and the command line's help needs none of it."""
    program = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from jobs.cli import run\n"
        "assert run(['serve', '--help']) == 0\n"
        "sys.exit(run(['serve', '--bundle', 'b', '--json']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert 'pip install "embedding-features[service]"' in done.stderr
