"""Fits and judges one row with one seed, in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.catalogue.data.manifest import READERS
from benchmarks.catalogue.rows import Row
from benchmarks.harness import peak_rss_mb, timed
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.errors import TrainingError
from embedding_features.evaluate.baselines import Baseline, Fitted, known_pairs
from embedding_features.graph import Graph


def fit_apart(row: Row, seed: int) -> dict[str, Any]:
    """Fit and judge in a process of its own; see :func:`fit`.

    Raises:
        TrainingError: when that process fails, with the end of what it said.
    """
    threads = {name: str(row.threads) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
    command = [sys.executable, "-m", "benchmarks.catalogue.fit", row.key, str(seed)]
    done = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TrainingError(f"{row.key}, seed {seed}: {done.stderr.strip()[-500:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def fit(row: Row, seed: int) -> dict[str, Any]:
    """Return the figures of one fit, its seconds, and the most memory that the process held until its end."""
    data = READERS[row.data]()
    with timed() as clock:
        learned = _learned(row, data.graph, seed)
    peak = peak_rss_mb()
    return {
        "figures": row.judge.figures(data, learned, seed),
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "peak_mb": peak,
    }


def _learned(row: Row, graph: Graph, seed: int) -> Embeddings | Fitted:
    """Return the vectors of a method, or a fitted baseline, which has no chance in it."""
    made = row.make()
    return made.fit(known_pairs(graph)) if isinstance(made, Baseline) else made.fit(graph, seed=seed)


if __name__ == "__main__":
    from benchmarks.catalogue.families import ROWS

    print(json.dumps(fit(ROWS[sys.argv[1]], int(sys.argv[2])), allow_nan=False))
