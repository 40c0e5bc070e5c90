"""Measures the indexes: exact beside numpy, approximate beside exact, filters beside brute force.

    python -m benchmarks.recall --items 200000 --dim 64 --json

Items and users are made here, from a seed (benchmarks/recall_world.py); users are the queries. Batch size of
numpy, breadth of HNSW and probes of IVF-PQ are chosen on users that are not measured. All have the same
number of threads; the ways take turns, and the best of ``--repeats`` counts. ``exact_recall`` and the filters
are checked against brute force in float64.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import faiss
import numba
import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from benchmarks.harness import emit, peak_rss_mb, timed
from benchmarks.recall_truth import compared, numpy_search, recall_of
from benchmarks.recall_world import make_world
from embedding_features.arrays import F32
from embedding_features.artifact import (
    Embeddings,
    EmbeddingTable,
    Metric,
    Provenance,
    Snapshot,
    write_snapshot,
)
from embedding_features.recall import HNSW, IVFPQ, RecallIndex, RecallSettings

_BATCHES = (1, 8, 32, 64, 256, 1024)
_EF = (24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
_PROBES = ((8, 10), (16, 10), (32, 10), (32, 40), (64, 40), (128, 40))
#: recall wanted on the users that settings are chosen on: above .97, since others are measured
_WANTED = 0.975


def snapshot_of(items: F32, metric: Metric, root: Path) -> Snapshot:
    """Write a snapshot of the items, their places as ids."""
    table = EmbeddingTable("item", pa.array(np.arange(len(items))), items, len(items))
    made = Provenance(
        method="made", config={}, metric=metric, scorer="dot", as_of=datetime(2026, 1, 1, tzinfo=UTC), seed=0,
        graph_fingerprint="made", edges={},
    )  # fmt: skip
    return write_snapshot(Embeddings({"item": table}, made), root)


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def choose(
    index: RecallIndex, candidates: Sequence[RecallSettings], users: F32, exact: RecallIndex, k: int
) -> RecallIndex:
    """Return the index with the first settings that reach the recall wanted, else the last."""
    least = exact.search(users, k).scores[:, -1:]  # both score alike
    for settings in candidates:
        index = index.retuned(settings)
        if (index.search(users, k).scores >= least).mean() >= _WANTED:
            break
    return index


def filters(
    exact: RecallIndex, others: dict[str, RecallIndex], users: F32, truth: Any, k: int
) -> dict[str, Any]:
    """Return whether filters hold exactly, and the approximate indexes' recall under a long deny list."""
    n, rng = len(exact), np.random.default_rng(5)
    third = np.zeros(n, bool)
    third[: exact.manifest.partitions["a"][1]] = True
    allowed = rng.random(n) < 0.2
    best = exact.search(users, 100).rows
    unseen = np.ones((len(users), n), bool)
    np.put_along_axis(unseen, best, False, axis=1)
    denied = [row.tolist() for row in best]
    asked: list[tuple[dict[str, Any], Any]] = [
        ({"allow": np.flatnonzero(allowed)}, allowed),
        ({"deny": denied}, unseen),
        ({"partition": "a"}, third),
        ({"partition": "a", "allow": np.flatnonzero(allowed), "deny": denied}, unseen & third & allowed),
    ]
    right, result = True, {}
    for filter_, open_ in asked:
        right &= truth(exact.search(users, k, **filter_).rows, users, open_) == (1.0, 0)
        for name, index in others.items():
            rows = index.search(users, k, **filter_).rows
            recall, wrong = truth(rows, users, open_)
            right &= wrong == 0 and bool((rows >= 0).all())
            result[f"{name}_{'_'.join(filter_)}_recall"] = recall
    return {"filters_exact": right, **result}


def measure(args: argparse.Namespace, root: Path) -> dict[str, Any]:
    """Return the report: settings chosen, then recall and speed of all ways."""
    k = args.k
    items, users = make_world(args.items, 512 + args.queries, args.dim, args.seed)
    tuning, users = users[:512], users[512:]
    few = users[:: max(1, len(users) // 512)][:512]
    # ids are places in ``items``, and the partitions in order: so a row is a place, too
    parts = np.repeat(["a", "b"], [args.items // 3, args.items - args.items // 3])
    snapshot = snapshot_of(items, args.metric, root)

    def build(settings: RecallSettings | None) -> tuple[RecallIndex, float]:
        with timed() as timing:
            index = RecallIndex.build(snapshot, "item", settings, partitions=parts)
        return index, timing.seconds

    def truth(rows: Any, queries: F32, open_: Any = None) -> tuple[float, int]:
        return recall_of(rows, queries, items, args.metric, open_)

    exact, exact_build = build(None)
    hnsw, hnsw_build = build(HNSW(links=args.links))
    ivf, ivf_build = build(IVFPQ())
    hnsw = choose(hnsw, [HNSW(links=args.links, ef_search=ef) for ef in _EF if ef >= k], tuning, exact, k)
    ivf = choose(ivf, [IVFPQ(probes=probes, rerank=rerank) for probes, rerank in _PROBES], tuning, exact, k)

    mine, theirs = compared(items, args.metric), compared(users, args.metric)
    bias = -0.5 * np.einsum("ij,ij->i", mine, mine) if args.metric == "l2" else None
    numpy_users = theirs[: len(theirs) // 4]  # a quarter: it takes long
    trial = compared(tuning, args.metric)
    batch = min(_BATCHES, key=lambda b: seconds(lambda: numpy_search(trial, mine, k, b, bias)))
    ways: dict[str, tuple[Callable[[], Any], int]] = {
        "numpy": (lambda: numpy_search(numpy_users, mine, k, batch, bias), len(numpy_users)),
        "exact": (lambda: exact.search(users, k), len(users)),
        "hnsw": (lambda: hnsw.search(users, k), len(users)),
        "ivf_pq": (lambda: ivf.search(users, k), len(users)),
        "exact_one": (lambda: exact.search(users[:1], k), 1),
        "numpy_one": (lambda: numpy_search(numpy_users[:1], mine, k, 1, bias), 1),
        "hnsw_one": (lambda: hnsw.search(users[:1], k), 1),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(args.repeats):
        for name, (call, _count) in ways.items():
            times[name].append(seconds(call))
    qps = {name: count / min(times[name]) for name, (_, count) in ways.items()}
    exact_recall, _ = truth(exact.search(few, k).rows, few)
    return {
        "items": args.items, "dim": args.dim, "metric": args.metric, "k": k, "queries": len(users),
        "threads": args.threads,
        "exact_recall": exact_recall,
        "exact_vs_numpy_qps": qps["exact"] / qps["numpy"],
        f"hnsw_recall@{k}": truth(hnsw.search(few, k).rows, few)[0],
        "hnsw_vs_exact_qps": qps["hnsw"] / qps["exact"],
        f"ivf_pq_recall@{k}": truth(ivf.search(few, k).rows, few)[0],
        "ivf_pq_vs_exact_qps": qps["ivf_pq"] / qps["exact"],
        **filters(exact, {"hnsw": hnsw, "ivf_pq": ivf}, few[:128], truth, k),
        **{f"{name}_qps": qps[name] for name in ("numpy", "exact", "hnsw", "ivf_pq")},
        **{f"{name}_ms": 1000 / qps[name] for name in ("numpy_one", "exact_one", "hnsw_one")},
        "exact_gflops": qps["exact"] * args.items * args.dim * 2 / 1e9,
        "numpy_batch": batch,
        "hnsw_ef_search": hnsw.manifest.settings.model_dump()["ef_search"],
        "ivf_pq_probes": ivf.manifest.settings.model_dump()["probes"],
        "ivf_pq_rerank": ivf.manifest.settings.model_dump()["rerank"],
        "exact_build_seconds": exact_build, "hnsw_build_seconds": hnsw_build,
        "ivf_pq_build_seconds": ivf_build,
        "peak_rss_mb": peak_rss_mb(),
    }  # fmt: skip


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--k", type=int, default=20)
    parser.add_argument(
        "--metric", choices=["dot", "cosine", "l2"], default="dot", help="what methods use: dot"
    )
    parser.add_argument("--queries", type=int, default=4096, help="users that are measured")
    parser.add_argument("--links", type=int, default=32, help="links of HNSW")
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each way; the best counts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    args = parser.parse_args()
    numba.set_num_threads(args.threads)
    faiss.omp_set_num_threads(args.threads)
    with threadpool_limits(args.threads), tempfile.TemporaryDirectory() as folder:
        emit(measure(args, Path(folder)), args.json)


if __name__ == "__main__":
    main()
