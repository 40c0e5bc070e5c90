"""Measures how long fresh figures take: of one user, in the service at 50 requests a second, and of a log.

    python -m benchmarks.fresh_serving --json

``p50_ms`` is :meth:`.FreshSeries.request` in this process: a user with 50 events folded in beside 200
candidates, at 64 dims; ``client_p50_ms`` is :meth:`.EmbeddingFeatures.fresh` with as many events given, and
``recipes_p50_ms`` the first by all recipes there are. ``rank_…`` is ``/rank`` of 200 candidates by a bundle
that reads the figures of all recipes, events kept in the embedded store and then in Redis, asked and counted
as :mod:`benchmarks.serve` does. ``staleness_ms`` begins when this process pushes an event, and ends with the
first answer of the service that counts it. ``offline_seconds`` is :meth:`.FreshSeries.rows` of a million
labels at 16 dims, before each of which its user has a hundred events that count.
"""

import argparse
import gc
import http.client
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.fresh_world import EVENTS, FAMILY, WITH_EVENTS, make_events, make_snapshot, make_world
from benchmarks.harness import emit, peak_rss_mb, timed
from benchmarks.online_ways import redis_server
from benchmarks.serve import CANDIDATES, RATE, WARM_SECONDS, Server, loaded, rank_requests, serving
from benchmarks.serve_load import run_load
from benchmarks.serve_world import DIM, ITEMS, USERS, World
from embedding_features.artifact import Snapshot
from embedding_features.fresh import RECIPES, Events, FreshSeries, NodeEvents
from embedding_features.store import EmbeddingFeatures
from tests.store.builders import US, ids_of

#: requests in this process, events whose way to an answer is measured, and of each the first, not counted
REQUESTS, PUSHES, WARM = 2_000, 300, 20
#: of the log: users, events of each before her labels, labels of each, dims
LOG_USERS, HISTORY, LABELS, LOG_DIM = 10_000, 100, 100, 16


def percentiles(prefix: str, milliseconds: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile of times, under names with a prefix."""
    return {f"{prefix}p{rank}_ms": float(np.percentile(milliseconds, rank)) for rank in (50, 99)}


def times(work: Callable[[int], object], count: int) -> list[float]:
    """Return the milliseconds of each call of some work but the first ones, on a collected heap."""
    taken = []
    gc.collect()
    for number in range(WARM + count):
        start = time.perf_counter()
        work(number)
        taken.append(1000 * (time.perf_counter() - start))
    return taken[WARM:]


def in_process(snapshot: Snapshot) -> dict[str, float]:
    """Return the times of one request, by the recipe ``fold_in`` and by all recipes."""
    events, rng, count = make_events(REQUESTS + WARM, EVENTS), np.random.default_rng(4), REQUESTS + WARM
    rows = np.arange(len(events)).reshape(EVENTS, count).T
    columns = [events[name].combine_chunks() for name in ("item_id", "value", "event_timestamp")]
    histories = [[column.take(pa.array(of_user)) for column in columns] for of_user in rows]
    given = [
        NodeEvents(items, values.to_numpy(), stamps.cast(pa.int64()).to_numpy())
        for items, values, stamps in histories
    ]
    asked = [ids_of("item", ITEMS).take(pa.array(rng.integers(0, ITEMS, CANDIDATES))) for _ in range(count)]
    user, now = ids_of("user", 1), time.time_ns() // 1000
    found: dict[str, float] = {}
    for prefix, recipes in {"": ("fold_in",), "recipes_": tuple(RECIPES)}.items():
        series = FreshSeries.read([snapshot], "user", recipes)
        found |= percentiles(
            prefix, times(lambda n, s=series: s.request(user, given[n], asked[n], now), REQUESTS)
        )
    return found


def through_client(world: World) -> dict[str, float]:
    """Return the times of :meth:`.EmbeddingFeatures.fresh` with events given."""
    events, items = make_events(1, EVENTS), ids_of("item", CANDIDATES)
    with EmbeddingFeatures(world.repo) as client:
        return percentiles("client_", times(lambda _: client.fresh(7, items, events=events), REQUESTS // 4))


def served(world: World, seconds: float, log: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures of ``/rank`` under load, and how long an event takes until an answer counts it."""
    rng = np.random.default_rng(2)
    with serving(world, log) as server:
        run_load(server.port, rank_requests(round(WARM_SECONDS * RATE), rng, WITH_EVENTS), RATE)
        rank, cpu = loaded(server, rank_requests(round(seconds * RATE), rng, WITH_EVENTS))
        seen = staleness(world, server)
    figures = {"p50_ms": rank.percentile(50), "p99_ms": rank.percentile(99), "cpu_ms": cpu}
    return figures | {"errors": rank.errors}, seen


def staleness(world: World, server: Server) -> dict[str, float]:
    """Return percentiles of the time from a push to the first answer that counts the event."""
    users, items = ids_of("user", WITH_EVENTS).to_pylist(), ids_of("item", CANDIDATES).to_pylist()
    with (
        EmbeddingFeatures(world.repo) as client,
        closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection,
    ):

        def counted(user: int) -> int:
            body = json.dumps({"user": user, "items": items})
            connection.request("POST", "/rank", body, {"Content-Type": "application/json"})
            return int(json.loads(connection.getresponse().read())["events"]["user"])

        def pushed(number: int) -> None:
            event = {"user_id": users[number : number + 1], "item_id": items[:1], "value": [1.0]}
            now = pa.array([datetime.now(UTC)], US)
            client.push_events("user", pa.table(event | {"event_timestamp": now}))
            while counted(users[number]) <= EVENTS:
                pass

        found = percentiles("", times(pushed, PUSHES))
    return {name.removesuffix("_ms"): value for name, value in found.items()}


def offline(root: Path) -> dict[str, float]:
    """Return how long the figures of a log take; its kernels are loaded before."""
    series = FreshSeries.read([make_snapshot(root, LOG_DIM)], "user", last=HISTORY)
    events, users, items = make_log(LOG_USERS), ids_of("user", LOG_USERS), ids_of("item", ITEMS)
    series.rows(make_log(10), users, items)
    with timed() as clock:
        figures = series.rows(events, users, items)
    counts = figures["fold_in_events"][events.wanted] + figures["fold_in_skipped"][events.wanted]
    labels = LOG_USERS * LABELS
    if len(counts) != labels or np.isnan(figures["fold_in_score"][events.wanted]).any():
        raise ArithmeticError("a label without a score")
    return {
        "offline_labels": labels,
        "offline_events_mean": float(counts.mean()),
        "offline_seconds": clock.seconds,
        "offline_cpu_seconds": clock.cpu_seconds,
        "offline_rows_per_second": labels / clock.seconds,
    }


def make_log(users: int) -> Events:
    """Return the log of some users, in the order of time; of each the last rows are labels."""
    rng, length = np.random.default_rng(5), HISTORY + LABELS
    n, now = users * length, time.time_ns() // 1000
    node, place = np.tile(np.arange(users), length), np.repeat(np.arange(length), users)
    return Events(
        node, rng.integers(0, ITEMS, n), now - 10**12 + np.arange(n), rng.integers(0, 2, n), place >= HISTORY
    )


def measured(root: Path, seconds: float) -> dict[str, Any]:
    """Return all figures."""
    found: dict[str, Any] = offline(root / "log_runs")
    snapshot = make_snapshot(root / "runs", DIM)
    found |= in_process(snapshot)
    with redis_server() if shutil.which("redis-server") else nullcontext() as redis:
        for prefix, address in {"": "", "redis_": redis}.items():
            if address is None:
                found["redis_skipped"] = "redis-server is not installed: apt-get install redis-server"
                continue
            home = root / f"{prefix}world"
            home.mkdir()
            world = make_world(home, snapshot, address)
            rank, seen = served(world, seconds, home / "log")
            found |= {f"rank_{prefix}{name}": value for name, value in rank.items()}
            found[f"staleness_{prefix}ms"] = seen
            if not prefix:
                found |= through_client(world)
    return found


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30, help="of /rank from each store")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    with timed() as clock, tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), arguments.seconds)
    sizes = {"method": FAMILY, "ranker": "dcn_v2", "recipes": list(RECIPES), "users": USERS, "items": ITEMS}
    asked = {
        "dim": DIM,
        "candidates": CANDIDATES,
        "events": EVENTS,
        "asked_rps": RATE,
        "cpus": os.cpu_count(),
    }
    ended = {"seconds": clock.seconds, "peak_rss_mb": peak_rss_mb()}
    emit(sizes | asked | found | ended, arguments.json)


if __name__ == "__main__":
    main()
