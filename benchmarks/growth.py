"""Measures how time and memory of training grow with the edges: ``python -m benchmarks.growth --json``.

Power-law graphs of 1, 2, 4 and 8 times ``--edges``, 10 edges a node, made here from a seed. A family of
methods is one function of a graph's edges: ``walk`` builds the CSR both ways and trains skip-grams on a walk
from each node, ``kg`` fits translations by sampled edges. Each size runs in a process of its own, after a
warm-up that loads libraries and kernels, and the best of ``--repeats`` counts. Seconds are CPU seconds of all
threads, bytes what the peak of memory grew by. The ratios are those of the worst size to the smallest: 1 is
growth in proportion to the edges.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numba
import numpy as np

from benchmarks.harness import emit, peak_rss_mb, timed
from benchmarks.step_memory import GIVES_BACK, step_bytes
from embedding_features.arrays import I32
from embedding_features.graph import CSR, Graph, Relation, Vocabulary
from embedding_features.methods import make
from embedding_features.solvers.sgns import SGNS
from embedding_features.walks import UniformWalks

TIMES = (1, 2, 4, 8)
EDGES_PER_NODE = 10
_WARM_UP = 1000


def power_law(edges: int, seed: int) -> tuple[int, I32, I32]:
    """Return the number of nodes, and both ends of edges: the degree of the k-th node is as k^-1/2."""
    rng = np.random.default_rng(seed)
    nodes = max(2, edges // EDGES_PER_NODE)
    src, dst = ((nodes * rng.random(edges, np.float32) ** 2).astype(np.int32) for _ in range(2))
    return nodes, np.minimum(src, nodes - 1), np.minimum(dst, nodes - 1)


def walk(nodes: int, src: I32, dst: I32) -> None:
    """Train skip-grams of 128 dimensions on a walk of 40 nodes from each, windows up to 5."""
    graph = CSR.from_edges(np.concatenate((src, dst)), np.concatenate((dst, src)), (nodes, nodes))
    SGNS(dim=128, walks_per_node=1, window=5).fit(UniformWalks(length=40).over(graph))


def kg(nodes: int, src: I32, dst: I32) -> None:
    """Train vectors of 64 dimensions by TwHIN for an epoch: each edge from both of its sides."""
    relation = Relation.from_edges("joins", "node", "node", src, dst, (nodes, nodes))
    vocabularies = {"node": Vocabulary.from_ids(np.arange(nodes))}
    graph = Graph(datetime(2026, 1, 1, tzinfo=UTC), vocabularies, {"joins": relation}, fingerprint="0" * 64)
    make("twhin", dim=64, epochs=1).fit(graph)


def inductive(nodes: int, src: I32, dst: I32) -> float:
    """Return the bytes of a step that samples neighbourhoods, of users as many as items."""
    relation = Relation.from_edges("saw", "user", "item", src, dst, (nodes, nodes))
    vocabularies = {side: Vocabulary.from_ids(np.arange(nodes)) for side in ("user", "item")}
    graph = Graph(datetime(2026, 1, 1, tzinfo=UTC), vocabularies, {"saw": relation}, fingerprint="0" * 64)
    return step_bytes(graph)


FAMILIES: Mapping[str, Callable[[int, I32, I32], None]] = {"walk": walk, "kg": kg}
#: edges of the smallest graph, for seconds of work
EDGES = {"walk": 500_000, "kg": 100_000, "inductive": 200_000}
#: multiples of its edges at which memory is to stay the same
FLAT_TIMES = (1, 4, 16)


def measure(family: str, edges: int, seed: int) -> dict[str, float]:
    """Return the CPU seconds and the bytes of one size, in this process."""
    graph = power_law(edges, seed)
    if family == "inductive":
        return {"bytes": inductive(*graph)}
    FAMILIES[family](*power_law(_WARM_UP, seed))
    before = peak_rss_mb()
    with timed() as timing:
        FAMILIES[family](*graph)
    return {"seconds": timing.cpu_seconds, "bytes": (peak_rss_mb() - before) * 1e6}


def in_own_process(family: str, edges: int, seed: int) -> dict[str, float]:
    """Return what :func:`measure` finds in a process that has held no other graph."""
    settings = ["--family", family, "--edges", str(edges), "--seed", str(seed), "--one"]
    command = [sys.executable, "-m", "benchmarks.growth", *settings]
    allocator = GIVES_BACK if family == "inductive" else {}
    environment = {**os.environ, **allocator}
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    one: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return one


def growth(family: str, edges: int, repeats: int, seed: int) -> dict[str, Any]:
    """Return the figures of all sizes, and the worst ratios."""
    sizes = [edges * times for times in TIMES]
    result: dict[str, Any] = {"family": family, "threads": numba.get_num_threads(), "sizes": sizes}
    found = [[in_own_process(family, size, seed) for size in sizes] for _ in range(repeats)]
    for what in ("seconds", "bytes"):
        per_edge = [min(one[at][what] for one in found) / size for at, size in enumerate(sizes)]
        name = "time" if what == "seconds" else "memory"
        result[f"{what}_per_edge"] = per_edge
        result[f"worst_{name}_ratio"] = max(per_edge) / per_edge[0]
    return result


def flatness(edges: int, repeats: int, seed: int) -> dict[str, Any]:
    """Return the bytes of a step with sampled neighbourhoods at all sizes, and the worst ratio."""
    sizes = [edges * times for times in FLAT_TIMES]
    found = [min(in_own_process("inductive", size, seed)["bytes"] for _ in range(repeats)) for size in sizes]
    return {
        "family": "inductive",
        "threads": numba.get_num_threads(),
        "sizes": sizes,
        "step_bytes": found,
        "worst_memory_ratio": max(found) / found[0],
    }


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", choices=EDGES, default="walk")
    parser.add_argument("--edges", type=int, help="of the smallest graph, before both ways; by family")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", action="store_true", help="measure one size in this process")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    arguments.edges = arguments.edges or EDGES[arguments.family]
    if arguments.one:
        print(json.dumps(measure(arguments.family, arguments.edges, arguments.seed)))
        return
    if arguments.family == "inductive":
        result = flatness(arguments.edges, arguments.repeats, arguments.seed)
    else:
        result = growth(arguments.family, arguments.edges, arguments.repeats, arguments.seed)
    emit(result, arguments.json)


if __name__ == "__main__":
    main()
