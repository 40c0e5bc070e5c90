"""Measures a point-in-time join: our offline store, Feast's duckdb store, and DuckDB's bare ASOF join.

    python -m benchmarks.point_in_time --rows 1000000 --entities 100000 --snapshots 30 --dim 64 --json

The data is made here, from a seed: daily published snapshots, and labels at random times within their days.
Every measurement is the second call in a process of its own, whose first call paid for libraries, footers
and fresh memory; the ways take turns, and the best of ``--repeats`` counts. ``fast_path`` gathers from mapped
files, which one call made before: ``decode_seconds`` is that call, the first of its process. Peak memory is
that of the whole process, mapped files included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import emit, peak_rss_mb, timed

_DAY = timedelta(days=1)
_START = datetime(2024, 1, 1, tzinfo=UTC)
_ASOF = (
    "SELECT l.*, s.vector FROM labels l ASOF LEFT JOIN read_parquet('{glob}') s "
    "ON l.user_id = s.user_id AND l.event_timestamp >= s.event_timestamp"
)


@dataclass(frozen=True)
class _Content:
    """Holds what the writer of snapshots wants."""

    embeddings: Any
    space: Any
    recipe: Mapping[str, Any]
    tables: Mapping[Any, pa.Table] = field(default_factory=dict)
    codebooks: Sequence[Any] = ()


def make_world(folder: Path, rows: int, entities: int, snapshots: int, dim: int, seed: int = 0) -> None:
    """Write published snapshots of ``user`` and a frame ``labels.parquet``."""
    from embedding_features.artifact import Embeddings, EmbeddingTable, Provenance, Space, write_snapshot

    rng = np.random.default_rng(seed)
    ids = pa.array(rng.permutation(np.arange(entities) * 7919 + 13))
    for day in range(snapshots):
        as_of = _START + day * _DAY
        vectors = rng.standard_normal((entities, dim), np.float32)
        made = Provenance("pit", {}, "dot", "dot", as_of, day, f"{day:08x}", {})
        embeddings = Embeddings({"user": EmbeddingTable("user", ids, vectors, entities)}, made)
        content = _Content(embeddings, Space.of(embeddings), {"day": day})
        written = write_snapshot(content, folder / "runs")
        target = folder / "published" / written.manifest.run_id
        written.copy_to(target, published=as_of + _DAY / 24, feature_view_version=day + 1)
    micros = int(_START.timestamp() * 1e6) + rng.integers(0, snapshots * 86_400_000_000, rows)
    labels = {
        "user_id": rng.integers(0, int(entities * 1.02), rows) * 7919 + 13,  # some are unknown
        "event_timestamp": pa.array(micros).cast(pa.timestamp("us", tz="UTC")),
        "row": np.arange(rows),
    }
    pq.write_table(pa.table(labels), folder / "labels.parquet")


def _glob(folder: Path) -> str:
    return str(folder / "published" / "*" / "user_vector.parquet")


def raw_asof(folder: Path) -> Callable[[], pa.Table]:
    """Return DuckDB's join alone, whose rows come in any order."""
    labels = pq.read_table(folder / "labels.parquet")

    def join() -> pa.Table:
        with duckdb.connect(":memory:", config={"preserve_insertion_order": "false"}) as con:
            con.register("labels", labels)
            return con.sql(_ASOF.format(glob=_glob(folder))).to_arrow_table()

    return join


def through_feast(folder: Path, offline: Mapping[str, Any]) -> Callable[[], pa.Table]:
    """Return ``get_historical_features`` of a pandas frame, with Arrow out."""
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
    from feast.types import Array, Float32, Int64

    import embedding_features.store  # noqa: F401 - closes what Feast's own store leaves open

    scratch = folder / f"feast_{offline['type']}"
    config = RepoConfig(
        project="p",
        provider="local",
        registry=str(scratch / "registry.db"),
        offline_store=dict(offline),
        online_store={"type": "sqlite", "path": str(scratch / "online.db")},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
    source = FileSource(
        path=_glob(folder), timestamp_field="event_timestamp", created_timestamp_column="created_timestamp"
    )
    schema = [Field(name="user_id", dtype=Int64), Field(name="vector", dtype=Array(Float32))]
    store.apply([user, FeatureView(name="v", entities=[user], ttl=0 * _DAY, schema=schema, source=source)])
    frame: pd.DataFrame = pd.read_parquet(folder / "labels.parquet")
    return lambda: store.get_historical_features(frame, ["v:vector"]).to_arrow()


_OURS = "embedding_features.store.offline.EmbeddingOfflineStore"
_WAYS: dict[str, Mapping[str, Any] | None] = {
    "raw": None,
    "feast": {"type": "duckdb"},
    "asof": {"type": _OURS, "map_snapshots": False},
    "map": {"type": _OURS},
}


def measure(way: str, folder: Path, warm_up: Path) -> dict[str, Any]:
    """Run one way here; return seconds, peak memory, and a figure that is equal for equal answers."""

    def prepared(world: Path) -> Callable[[], pa.Table]:
        offline = _WAYS[way]
        return raw_asof(world) if offline is None else through_feast(world, offline)

    prepared(warm_up)()
    join = prepared(folder)
    with timed() as first:
        join()
    with timed() as timing:
        table = join()
    peak = peak_rss_mb()
    vectors = table.column("vector").combine_chunks()
    values = pa.compute.list_element(vectors, 0).to_numpy(zero_copy_only=False)
    weights = np.sin(table.column("row").to_numpy())
    return {
        "first_seconds": first.seconds,
        "seconds": timing.seconds,
        "cpu_seconds": timing.cpu_seconds,
        "peak_rss_mb": peak,
        "missing": vectors.null_count,
        "checksum": round(float(np.nansum(values * weights)), 3),
    }


def in_fresh_process(way: str, folder: Path, warm_up: Path) -> dict[str, Any]:
    """Run :func:`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.point_in_time", "--only", way, str(folder), str(warm_up)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(folder: Path, warm_up: Path, repeats: int) -> dict[str, Any]:
    """Return the figures of all ways, run by turns."""
    decode = in_fresh_process("map", folder, warm_up)
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in _WAYS}
    for _ in range(repeats):
        for way, done in runs.items():
            done.append(in_fresh_process(way, folder, warm_up))
    seconds = {way: min(run["seconds"] for run in done) for way, done in runs.items()}
    peak = {way: max(run["peak_rss_mb"] for run in done) for way, done in runs.items()}
    every = [decode, *(run for done in runs.values() for run in done)]
    return {
        "vs_feast_duckdb": seconds["feast"] / seconds["asof"],
        "vs_raw_asof": seconds["asof"] / seconds["raw"],
        "fast_path_vs_raw_asof": seconds["map"] / seconds["raw"],
        "fast_path_vs_feast_duckdb": seconds["feast"] / seconds["map"],
        "peak_rss_mb": max(decode["peak_rss_mb"], peak["asof"], peak["map"]),
        "feast_peak_rss_mb": peak["feast"],
        "raw_peak_rss_mb": peak["raw"],
        "fast_path_peak_rss_mb": peak["map"],
        "asof_seconds": seconds["asof"],
        "fast_path_seconds": seconds["map"],
        "fast_path_first_seconds": min(run["first_seconds"] for run in runs["map"]),
        "decode_seconds": decode["first_seconds"],
        "raw_asof_seconds": seconds["raw"],
        "feast_seconds": seconds["feast"],
        "missing": decode["missing"],
        "equal": len({(run["missing"], run["checksum"]) for run in every}) == 1,
    }


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--snapshots", type=int, default=30)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=2, help="runs of each way; the best counts")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--only", nargs=3, metavar=("WAY", "WORLD", "WARM_UP"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only[0], Path(args.only[1]), Path(args.only[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        world, warm_up = Path(folder) / "world", Path(folder) / "warm_up"
        make_world(world, args.rows, args.entities, args.snapshots, args.dim)
        make_world(warm_up, 100, 10, 2, 4)
        size = {name: getattr(args, name) for name in ("rows", "entities", "snapshots", "dim")}
        emit(size | compare(world, warm_up, args.repeats), args.json)


if __name__ == "__main__":
    main()
