"""Measures walks and skip-grams on BlogCatalog, beside PecanPy's walks and gensim's word2vec.

    python -m benchmarks.walks --json

10,312 nodes, 333,983 edges both ways. Walks: 80 nodes from every node, first order and node2vec's second
order (p = q = 1/4); ours return rows, PecanPy's lists of ids. Skip-grams: 128 dimensions, windows drawn up
to 10, 5 negatives, one pass over 10 first-order walks a node. Ours draw them as they train, and that time
counts; of gensim, which is given walks of ours as lists, only the pass itself does. Both sides run on as many
threads (``NUMBA_NUM_THREADS``, all cores by default), by turns and after a warm-up, and the best turn
counts. A turn has a seed, which draws the same walks for both; so many passes, so many F1 of each side. A
pass has the same number of pairs on both sides, up to the draws of windows. F1 is micro, of one logistic
regression a label on 90 % of the nodes, the number of each node's labels known, mean of splits that are the
same for both. Ten minutes on two cores.

The peers get an environment of their own (:mod:`benchmarks.peer_environment`); where it cannot be made, with
``--without-peers``, ours stand alone.
"""

import argparse
import gc
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow.parquet as pq

from benchmarks.harness import Timing, data_root, emit, peak_rss_mb, timed
from benchmarks.peer_environment import peer_python
from benchmarks.walk_peers import MODULES, PACKAGES, gensim_training, pecanpy_walks
from embedding_features.arrays import F32, Bool
from embedding_features.evaluate.label_probe import label_probe
from embedding_features.graph import CSR
from embedding_features.solvers.sgns import SGNS
from embedding_features.walks import BiasedWalks, UniformWalks, Walker

LENGTH, P, Q = 80, 0.25, 0.25
TRAINING = SGNS(dim=128, walks_per_node=10, window=10)
SPLITS = 10

#: walks from each node that PecanPy's rate is measured on
PEER_ROUNDS = 2

#: walks that are in memory at a time
_BATCH = 1 << 14

#: of ours over theirs: its name, ours, theirs
RATIOS = (
    ("walks_per_s_vs_pecanpy", "walks", "pecanpy_walks"),
    ("second_order_vs_pecanpy", "second_order_walks", "pecanpy_second_order_walks"),
    ("pairs_per_s_vs_gensim", "pairs", "gensim_pairs"),
)

#: from a seed to how long it took, and what was found
Clocked = Callable[[int], tuple[Timing, Any]]


def read(dataset: str) -> tuple[CSR, Bool]:
    """Return the graph, each edge in both directions, and [nodes, labels] which labels nodes have."""
    edges = pq.read_table(data_root(dataset) / "edges.parquet")
    src, dst = (edges[name].to_numpy() for name in ("src", "dst"))
    labels = pq.read_table(data_root(dataset) / "labels.parquet")
    node, label = (labels[name].to_numpy().astype(np.int64) for name in ("node", "label"))
    nodes = 1 + int(max(src.max(), dst.max(), node.max()))
    has = np.zeros((nodes, 1 + int(label.max())), np.bool_)
    has[node, label] = True
    both = np.concatenate((src, dst)), np.concatenate((dst, src))
    return CSR.from_edges(*both, (nodes, nodes)), has[:, has.any(axis=0)]


def clocked(act: Callable[[int], Any]) -> Clocked:
    """Return a function that does the same, and returns how long that took beside what it returned."""

    def run(seed: int) -> tuple[Timing, Any]:
        gc.collect()
        with timed() as timing:
            found = act(seed)
        return timing, found

    return run


def by_turns(runs: Mapping[str, Clocked], seeds: int) -> dict[str, tuple[Timing, list[Any]]]:
    """Return the fewest seconds of each of some runs, which take turns, and what it returned of each seed."""
    turns = [{name: run(seed) for name, run in runs.items()} for seed in range(seeds)]
    best = {}
    for name in runs:
        times, found = zip(*(turn[name] for turn in turns), strict=True)
        fewest = Timing(min(one.seconds for one in times), min(one.cpu_seconds for one in times))
        best[name] = (fewest, list(found))
    return best


def drawn(walker: Walker, rounds: int, seed: int = 0) -> int:
    """Draw all walks of some rounds, as training does, and return how many they were."""
    return sum(len(walks) for walks in walker.rounds(rounds, seed=seed, batch=_BATCH))


def micro_f1(vectors: F32, has: Bool) -> float:
    """Return the mean micro-F1 of the label probe over its splits, 90 % of the nodes learned from."""
    return label_probe(vectors, CSR.from_edges(*np.nonzero(has), has.shape), splits=SPLITS).mean.micro_f1


def our_runs(graph: CSR, rounds: int) -> dict[str, Clocked]:
    """Return walks of both orders and training, warm."""
    first, second = UniformWalks(length=LENGTH).over(graph), BiasedWalks(length=LENGTH, p=P, q=Q).over(graph)
    for walker in (first, second):
        drawn(walker, 1)
    TRAINING.model_copy(update={"walks_per_node": 1}).fit(UniformWalks(length=4).over(graph))
    return {
        "walks": clocked(lambda seed: drawn(first, rounds, seed)),
        "second_order_walks": clocked(lambda seed: drawn(second, rounds, seed)),
        "sgns": clocked(lambda seed: TRAINING.fit(first, seed=seed)),
    }


def peer_runs(graph: CSR, rounds: int) -> dict[str, Clocked]:
    """Return the same of PecanPy, warm, and of gensim, which is given our training's walks."""
    walk, second_walk = (pecanpy_walks(graph, order, LENGTH) for order in (None, (P, Q)))
    for act in (walk, second_walk):
        act(1)
    walker = UniformWalks(length=LENGTH).over(graph)

    def trained(seed: int) -> tuple[Timing, F32]:
        corpus = np.concatenate(list(walker.rounds(TRAINING.walks_per_node, seed=seed, batch=_BATCH)))
        return gensim_training(corpus, graph.rows, TRAINING, seed)

    return {
        "pecanpy_walks": clocked(lambda _: walk(rounds)),
        "pecanpy_second_order_walks": clocked(lambda _: second_walk(rounds)),
        "gensim": trained,
    }


def rates(found: Mapping[str, tuple[Timing, list[Any]]], walks: Mapping[str, int]) -> dict[str, float]:
    """Return walks and pairs a second, and ours over the peers' where those ran, also by CPU seconds."""
    result = {f"{name}_per_s": count / found[name][0].seconds for name, count in walks.items()}
    result |= {f"{name}_per_cpu_s": count / found[name][0].cpu_seconds for name, count in walks.items()}
    for name, run in (("pairs", "sgns"), ("gensim_pairs", "gensim")):
        if run in found:
            pairs = found["sgns"][1][0].pairs
            result[f"{name}_per_s"] = pairs / found[run][0].seconds
            result[f"{name}_per_cpu_s"] = pairs / found[run][0].cpu_seconds
    if "gensim" in found:
        for ratio, name, peer in RATIOS:
            result[ratio] = result[f"{name}_per_s"] / result[f"{peer}_per_s"]
            result[f"{ratio}_by_cpu"] = result[f"{name}_per_cpu_s"] / result[f"{peer}_per_cpu_s"]
    return result


def f1_of_seeds(name: str, vectors: Sequence[F32], has: Bool) -> dict[str, Any]:
    """Return the mean F1 of one side's seeds, its spread where there are several, and each."""
    f1 = [micro_f1(one, has) for one in vectors]
    spread = {f"{name}_micro_f1_spread": float(np.std(f1, ddof=1))} if len(f1) > 1 else {}
    each = [round(one, 4) for one in f1]
    return {f"{name}_micro_f1": float(np.mean(f1)), **spread, f"{name}_micro_f1_seeds": each}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="our walks from each node that are timed")
    parser.add_argument("--seeds", type=int, default=5, help="turns, each with a seed of its own")
    parser.add_argument("--environment", type=Path, help="keep the peers' environment here for the next time")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    if not arguments.without_peers:
        with peer_python(arguments.environment, PACKAGES, MODULES) as python:
            if python != sys.executable:
                again = [python, "-m", "benchmarks.walks", *sys.argv[1:]]
                sys.exit(subprocess.run(again, check=False).returncode)
    graph, has = read("blogcatalog")
    runs = our_runs(graph, arguments.rounds)
    if not arguments.without_peers:
        peers = peer_runs(graph, PEER_ROUNDS)
        runs = dict(one for pair in zip(runs.items(), peers.items(), strict=True) for one in pair)
    found = by_turns(runs, arguments.seeds)
    walks = {
        name: graph.rows * (PEER_ROUNDS if name.startswith("pecanpy") else arguments.rounds)
        for name in runs
        if name.endswith("walks")
    }
    ours = [one.vectors for one in found["sgns"][1]]
    result = rates(found, walks) | f1_of_seeds("deepwalk", ours, has)
    if arguments.without_peers:
        result["peers"] = "not asked for"
    else:
        result |= f1_of_seeds("gensim", found["gensim"][1], has)
    emit({"threads": numba.get_num_threads(), **result, "peak_rss_mb": peak_rss_mb()}, arguments.json)


if __name__ == "__main__":
    main()
