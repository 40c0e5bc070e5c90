"""Measures how long a graph takes from logs, beside DuckDB only reading and encoding the id columns.

    python -m benchmarks.graph_build --edges 20000000 --json

The logs are made here, from a seed: 1 user per 20 edges, 1 item per 100, both skewed, ordered by time. Scan
and build run in fresh processes, so that neither profits from the other's memory; each after a small warm-up
that loads libraries and compiled kernels. ``ratio_to_scan`` compares the best of ``--repeats`` runs of each,
which take turns.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import emit, peak_rss_mb, timed
from embedding_features.graph import Graph
from embedding_features.graph.schema import GraphSchema

_START = 1_700_000_000_000_000
_CHUNK = 2_000_000


def make_logs(path: Path, edges: int, seed: int) -> None:
    """Write ``edges`` rows of user_id, item_id and timestamp."""
    rng = np.random.default_rng(seed)
    users, items = max(1, edges // 20), max(1, edges // 100)
    kind = pa.schema(
        [("user_id", pa.int64()), ("item_id", pa.int64()), ("timestamp", pa.timestamp("us", tz="UTC"))]
    )
    with pq.ParquetWriter(path, kind, compression="zstd") as writer:
        for start in range(0, edges, _CHUNK):
            rows = min(_CHUNK, edges - start)
            user = (users * rng.random(rows) ** 2).astype(np.int64) * 7919 + 13
            item = (items * rng.random(rows) ** 3).astype(np.int64) * 104_729 + 5
            time = _START + start * 1000 + np.sort(rng.integers(0, rows * 1000, rows))
            writer.write_table(
                pa.Table.from_arrays([user, item, pa.array(time, kind.field(2).type)], schema=kind)
            )


def scan(path: Path) -> int:
    """Let DuckDB read both id columns, make a dictionary of each and give out the codes; return the rows."""
    with duckdb.connect(":memory:", config={"preserve_insertion_order": "false"}) as con:
        con.execute(f"CREATE TEMP VIEW logs AS FROM read_parquet('{path}')")
        for column in ("user_id", "item_id"):
            con.execute(
                f"CREATE TEMP TABLE {column}s AS SELECT {column} AS id, "
                f"(row_number() OVER () - 1)::INTEGER AS code FROM (SELECT DISTINCT {column} FROM logs)"
            )
        codes = con.sql(
            "SELECT u.code AS u, i.code AS i FROM logs JOIN user_ids u ON u.id = user_id "
            "JOIN item_ids i ON i.id = item_id"
        )
        return sum(batch.num_rows for batch in codes.to_arrow_reader(1 << 17))


def build(path: Path) -> int:
    """Build the graph of the logs, and return how many edges it has."""
    schema = GraphSchema.model_validate(
        {
            "nodes": {"user": {"id": "int64"}, "item": {"id": "int64"}},
            "relations": {
                "viewed": {
                    "parquet": str(path),
                    "src": {"type": "user", "column": "user_id"},
                    "dst": {"type": "item", "column": "item_id"},
                    "timestamp": "timestamp",
                }
            },
        }
    )
    return Graph.build(schema, "2100-01-01T00:00:00Z").relation().forward.edges


def measure(what: str, path: Path, warm_up: Path) -> dict[str, Any]:
    """Run ``scan`` or ``build`` here; return seconds, edges, and growth of peak memory in MB."""
    work = {"scan": scan, "build": build}[what]
    work(warm_up)
    before = peak_rss_mb()
    with timed() as timing:
        edges = work(path)
    return {
        "edges": edges,
        "seconds": timing.seconds,
        "cpu_seconds": timing.cpu_seconds,
        "peak_growth_mb": peak_rss_mb() - before,
    }


def in_fresh_process(what: str, path: Path, warm_up: Path) -> dict[str, Any]:
    """Run :func:`measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.graph_build", "--only", what, str(path), str(warm_up)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edges", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=2, help="runs of scan and build; the best counts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--only", nargs=3, metavar=("WHAT", "LOGS", "WARM_UP"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measure(args.only[0], Path(args.only[1]), Path(args.only[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        logs, warm_up = Path(folder) / "logs.parquet", Path(folder) / "warm_up.parquet"
        make_logs(logs, args.edges, args.seed)
        make_logs(warm_up, 1000, args.seed)
        runs = [
            (in_fresh_process("scan", logs, warm_up), in_fresh_process("build", logs, warm_up))
            for _ in range(args.repeats)
        ]
    scans, builds = zip(*runs, strict=True)
    seconds = min(run["seconds"] for run in builds)
    scan_seconds = min(run["seconds"] for run in scans)
    peak = max(run["peak_growth_mb"] for run in builds)
    result = {
        "edges": builds[0]["edges"],
        "seconds": seconds,
        "cpu_seconds": min(run["cpu_seconds"] for run in builds),
        "scan_seconds": scan_seconds,
        "scan_cpu_seconds": min(run["cpu_seconds"] for run in scans),
        "ratio_to_scan": seconds / scan_seconds,
        "peak_growth_mb": peak,
        "bytes_per_edge_peak": peak * 1e6 / args.edges,
    }
    emit(result, args.json)


if __name__ == "__main__":
    main()
