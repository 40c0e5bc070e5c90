"""Measures how long an online read takes by our array path, by Feast over our store, and by Feast's own.

    python -m benchmarks.online_read --dim 64 --json

The data is made here, from a seed, and materialized by each way's own engine. Every reader gets the same
random ids, and their answers are compared. They take turns of ``_TURN`` calls, each turn on a collected heap:
a reader pays for its own garbage, not for its neighbour's. A reader ends with a float32 matrix:
``<reader>_<ids>_p50_ms`` counts up to it, ``<reader>_response_<ids>_p50_ms`` up to Feast's response, from
which it is made. ``vs_feast_sqlite`` compares the matrices of 1000 ids; ``vs_feast_sqlite_one`` sets our
matrix of one id against Feast's mere response. Feast's store has all settings at their defaults.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.harness import emit, peak_rss_mb
from benchmarks.online_ways import (
    VIEW,
    ask,
    bring_online,
    item_ids,
    make_vectors,
    open_repository,
    redis_server,
    vectors_of,
    write_items,
)

_SIZES = (1, 100, 1000)
_TURN, _WARM = 50, 10

Answer: TypeAlias = Callable[[np.ndarray], Any]


@dataclass(frozen=True)
class Reader:
    """Says what is timed: an answer to ids, then its conversion to a matrix.

    Attributes:
        way: one of :data:`benchmarks.online_ways.WAYS`.
        prepare: makes of a FeatureStore what answers.
        convert: makes of an answer a float32 matrix.
    """

    way: str
    prepare: Callable[[Any], Answer]
    convert: Callable[[Any], np.ndarray]


def through_feast(store: Any) -> Answer:
    """Return what answers by ``get_online_features``."""
    return lambda ids: ask(store, ids)


def arrays(store: Any) -> Answer:
    """Return what answers by our array path; a service keeps the view."""
    online, view = store._get_provider().online_store, store.get_feature_view(VIEW)
    return lambda ids: online.read_arrays(store.config, view, ids, ["vector"])


READERS: Mapping[str, Reader] = {
    "feast_sqlite": Reader("feast_sqlite", through_feast, vectors_of),
    "embedded": Reader("embedded", arrays, lambda rows: rows.arrays["vector"]),
    "embedded_through_feast": Reader("embedded", through_feast, vectors_of),
    "feast_redis": Reader("feast_redis", through_feast, vectors_of),
    "redis": Reader("redis", arrays, lambda rows: rows.arrays["vector"]),
    "redis_through_feast": Reader("redis", through_feast, vectors_of),
}


def timed_calls(stores: Mapping[str, Any], asked: np.ndarray, expected: np.ndarray) -> dict[str, list[float]]:
    """Return the milliseconds of each reader's calls, up to the answer and up to the matrix.

    Args:
        stores: way → its FeatureStore, online.
        asked: [calls, n] rows of ``expected``.
        expected: [entities, dim] float32.
    """
    ids = item_ids(len(expected))
    prepared = {name: reader.prepare(stores[reader.way]) for name, reader in READERS.items()}
    taken: dict[str, list[float]] = {}
    for turn in np.split(asked, len(asked) // _TURN):
        for name, reader in READERS.items():
            gc.collect()
            for number, places in enumerate(turn):
                wanted = ids[places]
                start = time.perf_counter()
                answer = prepared[name](wanted)
                answered = time.perf_counter()
                matrix = reader.convert(answer)
                end = time.perf_counter()
                if not np.array_equal(matrix, expected[places]):
                    sys.exit(f"{name} answers other vectors than were materialized")
                if number >= _WARM:
                    taken.setdefault(name, []).append(1000 * (end - start))
                    taken.setdefault(f"{name}_response", []).append(1000 * (answered - start))
    return taken


def compare(entities: int, dim: int, turns: int) -> dict[str, float]:
    """Return p50 and p99 of all readers and sizes."""
    expected, rng = make_vectors(entities, dim), np.random.default_rng(3)
    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, redis_server() as redis:
        items = Path(folder) / "items.parquet"
        write_items(items, entities, dim)
        stores = {}
        for way in dict.fromkeys(reader.way for reader in READERS.values()):
            stores[way] = open_repository(way, Path(folder) / way, items, dim, redis)
            bring_online(stores[way])
        for size in _SIZES:
            asked = rng.integers(0, entities, (turns * _TURN, size))
            for name, times in timed_calls(stores, asked, expected).items():
                for rank in (50, 99):
                    result[f"{name}_{size}_p{rank}_ms"] = float(np.percentile(times, rank))
    return result


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--turns", type=int, default=16, help=f"of {_TURN} calls, {_WARM} of them untimed")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    args = parser.parse_args()
    found = compare(args.entities, args.dim, args.turns)
    ratios = {
        "vs_feast_sqlite": found["feast_sqlite_1000_p50_ms"] / found["embedded_1000_p50_ms"],
        "vs_feast_redis": found["feast_redis_1000_p50_ms"] / found["redis_1000_p50_ms"],
        "vs_feast_redis_one": found["feast_redis_response_1_p50_ms"] / found["redis_1_p50_ms"],
        "redis_p99_over_p50": found["redis_1000_p99_ms"] / found["redis_1000_p50_ms"],
        "vs_feast_sqlite_one": found["feast_sqlite_response_1_p50_ms"] / found["embedded_1_p50_ms"],
        "p99_over_p50": found["embedded_1000_p99_ms"] / found["embedded_1000_p50_ms"],
    }
    size = {name: getattr(args, name) for name in ("entities", "dim", "turns")}
    emit(size | ratios | found | {"peak_rss_mb": peak_rss_mb()}, args.json)


if __name__ == "__main__":
    main()
