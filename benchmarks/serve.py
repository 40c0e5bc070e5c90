"""Measures how long the service takes for ranks and recommendations, and whether its memory stays flat.

    python -m benchmarks.serve --json

A world is made here (:mod:`benchmarks.serve_world`) and served by ``embedding-features serve``, a process of
its own, from the embedded online store and then from Redis (keys ``redis_…``). After a warm-up ``/rank`` of
200 candidates is asked 50 times a second for ``--seconds``, then ``/recommend`` for half of that; users and
items are drawn anew each time. A request brings two columns of the user, a Feast view gives two of each item,
and the pinned run all vectors. Latencies count from when a request was due, and the client shares the cores.
``…_cpu_ms`` is the server's CPU time a request, of all its threads. Linux only: memory and CPU time are read
from ``/proc``.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.harness import emit
from benchmarks.online_ways import redis_server
from benchmarks.serve_load import Load, post, run_load
from benchmarks.serve_world import DIM, ITEMS, USERS, World, make_runs, make_world
from tests.store.builders import ids_of

CANDIDATES, RATE, WARM_SECONDS, START_SECONDS = 200, 50.0, 10, 120
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """Runs ``embedding-features serve`` in a process of its own."""

    def __init__(self, world: World, log: Path) -> None:
        command = [
            "--bundle",
            world.bundle,
            "--repo",
            world.repo,
            "--config",
            world.config,
            "--port",
            "0",
            "--json",
        ]
        program = [sys.executable, "-c", "from jobs.cli import main; main()", "serve"]
        with log.open("w") as file:
            self._process = subprocess.Popen(
                [*program, *map(str, command)], stdout=subprocess.PIPE, stderr=file, text=True
            )
        out = self._process.stdout
        if out is None or not select.select([out], [], [], START_SECONDS)[0]:
            sys.exit(f"the service did not start in {START_SECONDS} s: {log.read_text()[-2000:]}")
        line = out.readline()
        if not line:
            sys.exit(f"the service ended: {log.read_text()[-2000:]}")
        self.port = int(json.loads(line)["serving"].rsplit(":", 1)[1])

    def rss_mb(self) -> float:
        """Return the memory it holds now, in MB (10^6 bytes)."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024 / 1e6

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its threads so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def stop(self) -> None:
        """End it, as an orchestrator does."""
        self._process.terminate()
        if self._process.wait(30) != 0:
            sys.exit(f"the service ended with {self._process.returncode}")


@contextmanager
def serving(world: World, log: Path) -> Iterator[Server]:
    """Run the service while the block runs."""
    server = Server(world, log)
    try:
        yield server
    finally:
        server.stop()


def rank_requests(count: int, rng: np.random.Generator, users_asked: int = USERS) -> list[bytes]:
    """Return ``/rank`` requests of random ones of the first users, and of random items."""
    users, items = ids_of("user", users_asked).to_numpy(), ids_of("item", ITEMS).to_numpy()
    return [
        post(
            "/rank",
            json.dumps(
                {
                    "user": int(rng.choice(users)),
                    "items": rng.choice(items, CANDIDATES).tolist(),
                    "features": {"user_events": int(rng.integers(0, 50)), "user_mean": float(rng.random())},
                }
            ).encode(),
        )
        for _ in range(count)
    ]


def recommend_requests(count: int, rng: np.random.Generator) -> list[bytes]:
    """Return ``/recommend`` requests of random users who have seen some items."""
    users, items = ids_of("user", USERS).to_numpy(), ids_of("item", ITEMS).to_numpy()
    return [
        post(
            "/recommend",
            json.dumps(
                {
                    "user": int(rng.choice(users)),
                    "k": 20,
                    "candidates": CANDIDATES,
                    "deny": rng.choice(items, 50).tolist(),
                    "features": {"user_events": int(rng.integers(0, 50)), "user_mean": float(rng.random())},
                }
            ).encode(),
        )
        for _ in range(count)
    ]


def measure(world: World, seconds: float, log: Path) -> dict[str, float]:
    """Return the figures of one online store."""
    rng = np.random.default_rng(2)
    with serving(world, log) as server:
        warm = round(WARM_SECONDS * RATE)
        for requests in (rank_requests(warm, rng), recommend_requests(warm // 2, rng)):
            run_load(server.port, requests, RATE)
        before = server.rss_mb()
        rank, rank_cpu = loaded(server, rank_requests(round(seconds * RATE), rng))
        recommend, recommend_cpu = loaded(server, recommend_requests(round(seconds * RATE / 2), rng))
        growth = server.rss_mb() - before
    return {
        "rank_p50_ms": rank.percentile(50),
        "rank_p99_ms": rank.percentile(99),
        "rank_cpu_ms": rank_cpu,
        "recommend_p50_ms": recommend.percentile(50),
        "recommend_p99_ms": recommend.percentile(99),
        "recommend_cpu_ms": recommend_cpu,
        "rss_mb": before,
        "rss_growth_mb": growth,
        "errors": rank.errors + recommend.errors,
        "achieved_rps": rank.rps,
    }


def loaded(server: Server, requests: list[bytes]) -> tuple[Load, float]:
    """Return what came of requests, and the server's CPU milliseconds a request."""
    before = server.cpu_seconds()
    load = run_load(server.port, requests, RATE)
    return load, 1000 * (server.cpu_seconds() - before) / len(requests)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="of /rank; half of it of /recommend")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, redis_server() as redis:
        root = Path(folder)
        snapshot, found = make_runs(root / "runs"), dict[str, float]()
        for prefix, address in (("", ""), ("redis_", redis)):
            home = root / f"{prefix}world"
            home.mkdir()
            world = make_world(home, snapshot, address)
            found |= {
                prefix + key: value for key, value in measure(world, arguments.seconds, home / "log").items()
            }
    sizes = {"ranker": "dcn_v2", "users": USERS, "items": ITEMS, "dim": DIM, "candidates": CANDIDATES}
    asked = {"asked_rps": RATE, "seconds": arguments.seconds, "cpus": os.cpu_count()}
    found["errors"] += found.pop("redis_errors")
    emit(sizes | asked | found, arguments.json)


if __name__ == "__main__":
    main()
