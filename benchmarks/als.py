"""Measures our alternating least squares on Gowalla, beside the library implicit.

    python -m benchmarks.als --json

Both learn from the same pairs, with as many factors and sweeps, by conjugate gradients in float32, on as many
threads (``NUMBA_NUM_THREADS``, all cores by default). The weight of unknown pairs and the regularization of
each side are the best of a grid of the same size, by NDCG@20 on a fifth of each user's training pairs; the
test split is read once, after the fits. Fits take turns, each turn with a seed, after a warm-up, and the best
turn counts; ours is the whole of the method, with the graph's view and what folds users in.

implicit gets an environment of its own (:mod:`benchmarks.peer_environment`); with ``--without-peers`` ours
stands alone.
"""

import argparse
import itertools
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import numpy as np

from benchmarks.als_peer import MODULES, PACKAGES, Setting, implicit_als
from benchmarks.harness import emit, peak_rss_mb
from benchmarks.peer_environment import peer_python
from benchmarks.retrieval import test_pairs, train_graph
from benchmarks.walks import by_turns, clocked
from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines import known_pairs
from embedding_features.evaluate.holdout import split_holdout
from embedding_features.evaluate.metrics import Retrieval
from embedding_features.evaluate.retrieval import evaluate_vectors
from embedding_features.graph import CSR, Graph
from embedding_features.methods import make

#: of unknown pairs, for both
WEIGHTS = (0.01, 0.03, 0.1)
#: ours is for each of a row's pairs, implicit's for the row
OUR_REGULARIZATION = (1e-5, 1e-4, 1e-3, 1e-2)
THEIR_REGULARIZATION = (0.01, 1.0, 10.0, 100.0)

#: from a graph, a setting and a seed to the vectors of all users and items
Fit = Callable[[Graph, Setting, int], tuple[F32, F32]]


def ours(graph: Graph, setting: Setting, seed: int) -> tuple[F32, F32]:
    """Return our vectors."""
    learned = make(
        "als",
        dim=setting.dim,
        iterations=setting.iterations,
        unobserved_weight=setting.unobserved_weight,
        regularization=setting.regularization,
    ).fit(graph, seed=seed)
    return _by_row(learned.tables["user"], graph, "user"), _by_row(learned.tables["item"], graph, "item")


def theirs(graph: Graph, setting: Setting, seed: int) -> tuple[F32, F32]:
    """Return implicit's."""
    return implicit_als(known_pairs(graph), setting, seed)


def judged(vectors: tuple[F32, F32], graph: Graph, src: I64, dst: I64) -> Retrieval:
    """Return how well vectors find pairs."""
    seen = graph.relation().forward
    wanted = CSR.from_edges(src, dst, (seen.rows, seen.columns))
    return evaluate_vectors(*vectors, wanted, seen)


def chosen(fit: Fit, graph: Graph, start: Setting, regularization: Sequence[float]) -> Setting:
    """Return the setting of the grid that finds held-out training pairs best."""
    held = split_holdout(graph, None, 0.2, seed=0, by="random")
    grid = [
        replace(start, unobserved_weight=weight, regularization=ridge)
        for weight, ridge in itertools.product(WEIGHTS, regularization)
    ]
    reached = [judged(fit(held.graph, one, 0), held.graph, held.src, held.dst).ndcg for one in grid]
    for one, ndcg in zip(grid, reached, strict=True):
        print(f"{fit.__name__}  {one}  {ndcg:.4f}", file=sys.stderr, flush=True)
    return grid[int(np.argmax(reached))]


def main() -> None:
    """Measure and report."""
    arguments = _arguments()
    if not arguments.without_peers:
        with peer_python(arguments.environment, PACKAGES, MODULES) as python:
            if python != sys.executable:
                again = [python, "-m", "benchmarks.als", *sys.argv[1:]]
                sys.exit(subprocess.run(again, check=False).returncode)
    graph = train_graph("gowalla")
    start = Setting(arguments.dim, arguments.iterations, 0.03, 1e-4)
    sides: dict[str, tuple[Fit, Sequence[float]]] = {"": (ours, OUR_REGULARIZATION)}
    if not arguments.without_peers:
        sides["_implicit"] = (theirs, THEIR_REGULARIZATION)
    settings = {name: chosen(fit, graph, start, ridges) for name, (fit, ridges) in sides.items()}
    runs = {
        name: clocked(lambda seed, fit=fit, setting=settings[name]: fit(graph, setting, seed))
        for name, (fit, _) in sides.items()
    }
    found = by_turns(runs, arguments.seeds)
    pairs = test_pairs("gowalla", graph)
    result: dict[str, Any] = {"threads": numba.get_num_threads(), "seeds": arguments.seeds}
    for name, (timing, vectors) in found.items():
        reached = [judged(one, graph, *pairs) for one in vectors]
        result |= {f"recall{name}": float(np.mean([one.recall for one in reached]))}
        result |= {f"ndcg{name}": float(np.mean([one.ndcg for one in reached]))}
        result |= {f"seconds{name}": timing.seconds, f"cpu_seconds{name}": timing.cpu_seconds}
        result |= {f"setting{name}": vars(settings[name])}
    if not arguments.without_peers:
        result["time_vs_implicit"] = result["seconds"] / result["seconds_implicit"]
        result["cpu_time_vs_implicit"] = result["cpu_seconds"] / result["cpu_seconds_implicit"]
    emit({**result, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def _by_row(table: Any, graph: Graph, node_type: str) -> F32:
    """Return a table's vectors by vocabulary row, zero where there is none."""
    vectors = np.zeros((len(graph.vocabularies[node_type]), table.dim), np.float32)
    vectors[graph.vocabularies[node_type].encode(table.ids)] = table.vectors
    return vectors


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=10, help="sweeps of both sides")
    parser.add_argument("--seeds", type=int, default=3, help="turns, each with a seed of its own")
    parser.add_argument("--environment", type=Path, help="keep implicit's environment here for the next time")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
