"""Measures how long it takes to bring a snapshot online: our engine and stores, and Feast's own.

    python -m benchmarks.materialize --entities 1000000 --dim 64 --json

The data is made here, from a seed: one published snapshot, a Parquet file of ids and vectors. Every way is
the same ``FeatureStore.materialize`` of the same file, in a process of its own, which brought 100 rows online
before the clock started. Feast's own is its local engine, the duckdb offline store and its online store, all
settings at their defaults; ours is ``ArrowEngine``, ``EmbeddingOfflineStore`` and our online store. The ways
take turns; of ``--repeats`` the best time and the highest peak count. Peak memory is that of the whole
process, with Feast, DuckDB and mapped files. Afterwards ``--checked`` rows are read back and compared.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import emit, peak_rss_mb, timed
from benchmarks.online_ways import (
    WAYS,
    ask,
    bring_online,
    item_ids,
    make_vectors,
    open_repository,
    redis_server,
    vectors_of,
    write_items,
)

_WARM = 100


def measure(way: str, folder: Path, entities: int, dim: int, checked: int, redis: str) -> dict[str, Any]:
    """Run one way here; return seconds, peak memory, and whether what is online is what was written."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        bring_online(open_repository(way, Path(scratch) / "warm", folder / f"{_WARM}.parquet", dim, redis))
        store = open_repository(way, Path(scratch) / "repo", folder / f"{entities}.parquet", dim, redis)
        with timed() as timing:
            bring_online(store)
        peak = peak_rss_mb()
        picked = np.random.default_rng(2).choice(entities, min(checked, entities), replace=False)
        found = vectors_of(ask(store, item_ids(entities)[picked]))
        equal = bool(np.array_equal(found, make_vectors(entities, dim)[picked]))
    return {"seconds": timing.seconds, "cpu_seconds": timing.cpu_seconds, "peak_rss_mb": peak, "equal": equal}


def in_fresh_process(way: str, folder: Path, entities: int, dim: int, checked: int) -> dict[str, Any]:
    """Run :func:`measure` in a process of its own, with a Redis of its own where the way needs one."""
    with redis_server() if "redis" in way else nullcontext("") as redis:
        return _measured(way, folder, entities, dim, checked, redis)


def _measured(way: str, folder: Path, entities: int, dim: int, checked: int, redis: str) -> dict[str, Any]:
    only = ["--only", way, str(folder), redis, "--entities", str(entities), "--dim", str(dim)]
    command = [sys.executable, "-m", "benchmarks.materialize", *only, "--checked", str(checked)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(ways: Iterable[str], entities: int, dim: int, checked: int, repeats: int) -> dict[str, Any]:
    """Return ``<way>_seconds``, ``<way>_peak_rss_mb`` of ways by turns; exit when one serves other values."""
    with tempfile.TemporaryDirectory() as folder:
        for rows in (_WARM, entities):
            write_items(Path(folder) / f"{rows}.parquet", rows, dim)
        runs: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
        for _ in range(repeats):
            for way, done in runs.items():
                done.append(in_fresh_process(way, Path(folder), entities, dim, checked))
    wrong = [way for way, done in runs.items() if not all(run["equal"] for run in done)]
    if wrong:
        sys.exit(f"{', '.join(wrong)}: what is online is not what was materialized")
    result: dict[str, Any] = {}
    for way, done in runs.items():
        best = min(done, key=lambda run: run["seconds"])
        result |= {f"{way}_seconds": best["seconds"], f"{way}_cpu_seconds": best["cpu_seconds"]}
        result[f"{way}_peak_rss_mb"] = max(run["peak_rss_mb"] for run in done)
    return result


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--redis-entities", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--checked", type=int, default=1000, help="rows to read back")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each way; the best counts")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--only", nargs=3, metavar=("WAY", "FOLDER", "REDIS"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        way, folder, redis = args.only
        print(json.dumps(measure(way, Path(folder), args.entities, args.dim, args.checked, redis)))
        return
    embedded = [way for way in WAYS if "redis" not in way]
    found = compare(embedded, args.entities, args.dim, args.checked, args.repeats)
    over_redis = [way for way in WAYS if "redis" in way]
    found |= compare(over_redis, args.redis_entities, args.dim, args.checked, args.repeats)
    ratios = {
        "vs_feast_redis": found["feast_redis_seconds"] / found["redis_seconds"],
        "vs_feast_sqlite": found["feast_sqlite_seconds"] / found["embedded_seconds"],
        "peak_rss_mb": found["embedded_peak_rss_mb"],
        "feast_peak_rss_mb": found["feast_sqlite_peak_rss_mb"],
    }
    size = {name: getattr(args, name) for name in ("entities", "redis_entities", "dim", "checked")}
    emit(size | ratios | found, args.json)


if __name__ == "__main__":
    main()
