"""Measures walks and skip-grams on BlogCatalog, beside PecanPy's walks and gensim's word2vec.

    python -m benchmarks.walks --json

10,312 nodes, 333,983 edges both ways. Walks: 80 nodes from every node, first order and node2vec's second
order (p = q = 1/4); ours return rows, PecanPy's lists of ids. Skip-grams: 128 dimensions, windows drawn up
to 10, 5 negatives, one pass over 10 first-order walks a node. Ours draw them as they train, and that time
counts; of gensim, which is given walks of ours as lists, only the pass itself does. Both sides run on all
cores, one after the other, ours after a warm-up, and the best of ``--repeats`` counts. A pass has the same
number of pairs on both sides, up to the draws of windows. F1 is micro, of one logistic regression a label
on 90 % of the nodes, the number of each node's labels known, mean of splits that are the same for both.

The peers get an environment of their own (:mod:`benchmarks.peer_environment`); where it cannot be made, with
``--without-peers``, ours stand alone.
"""

import argparse
import gc
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow.parquet as pq

from benchmarks.harness import data_root, emit, peak_rss_mb
from benchmarks.peer_environment import peer_python
from benchmarks.walk_peers import MODULES, PACKAGES, gensim_training, pecanpy_walks
from embedding_features.arrays import F32, Bool
from embedding_features.evaluate.label_probe import label_probe
from embedding_features.graph import CSR
from embedding_features.solvers.sgns import SGNS
from embedding_features.walks import BiasedWalks, UniformWalks, Walker

LENGTH, P, Q = 80, 0.25, 0.25
TRAINING = SGNS(dim=128, walks_per_node=10, window=10)
SPLITS = 3


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


def best(act: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the fewest seconds of so many runs, and what the last one returned."""
    seconds, found = [], None
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        found = act()
        seconds.append(time.perf_counter() - started)
    return min(seconds), found


def drawn(walker: Walker, rounds: int) -> int:
    """Draw all walks of some rounds, as training does, and return how many they were."""
    return sum(len(walks) for walks in walker.rounds(rounds, seed=0, batch=1 << 14))


def micro_f1(vectors: F32, has: Bool) -> float:
    """Return the mean micro-F1 of the label probe over its splits, 90 % of the nodes learned from."""
    return label_probe(vectors, CSR.from_edges(*np.nonzero(has), has.shape), splits=SPLITS).mean.micro_f1


def ours(graph: CSR, has: Bool, rounds: int, repeats: int, seeds: int) -> dict[str, Any]:
    """Return the rates and the F1 of walks and training."""
    first, second = UniformWalks(length=LENGTH).over(graph), BiasedWalks(length=LENGTH, p=P, q=Q).over(graph)
    for walker in (first, second):
        drawn(walker, 1)
    TRAINING.model_copy(update={"walks_per_node": 1}).fit(UniformWalks(length=4).over(graph))
    walks = rounds * len(first.starts)
    rates = {
        "walks_per_s": walks / best(lambda: drawn(first, rounds), repeats)[0],
        "second_order_walks_per_s": walks / best(lambda: drawn(second, rounds), repeats)[0],
    }
    seconds, found = best(lambda: TRAINING.fit(first, seed=0), repeats)
    f1 = [micro_f1(found.vectors, has)]
    f1 += [micro_f1(TRAINING.fit(first, seed=seed).vectors, has) for seed in range(1, seeds)]
    return {
        **rates,
        "pairs": found.pairs,
        "sgns_seconds": seconds,
        "pairs_per_s": found.pairs / seconds,
        "deepwalk_micro_f1": float(np.mean(f1)),
        "deepwalk_micro_f1_seeds": [round(one, 4) for one in f1],
    }


def beside(graph: CSR, has: Bool, mine: dict[str, Any], rounds: int, repeats: int) -> dict[str, Any]:
    """Return the peers' rates and F1, and ours over theirs."""
    walks = rounds * graph.rows
    result: dict[str, Any] = {}
    for name, ratio, order in (
        ("pecanpy_walks_per_s", "walks_per_s_vs_pecanpy", None),
        ("pecanpy_second_order_walks_per_s", "second_order_vs_pecanpy", (P, Q)),
    ):
        walk = pecanpy_walks(graph, order, LENGTH)
        walk(1)
        result[name] = walks / best(lambda walk=walk: walk(rounds), repeats)[0]
        result[ratio] = mine[name.removeprefix("pecanpy_")] / result[name]
    walker = UniformWalks(length=LENGTH).over(graph)
    corpus = np.concatenate(list(walker.rounds(TRAINING.walks_per_node, seed=0, batch=1 << 14)))
    runs = [gensim_training(corpus, graph.rows, TRAINING) for _ in range(repeats)]
    seconds, vectors = min(seconds for seconds, _ in runs), runs[0][1]
    result["gensim_pairs_per_s"] = mine["pairs"] / seconds
    result["pairs_per_s_vs_gensim"] = mine["pairs_per_s"] / result["gensim_pairs_per_s"]
    result["gensim_micro_f1"] = micro_f1(vectors, has)
    return result


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="walks from each node that are timed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3, help="seeds of our training for F1")
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
    result = ours(graph, has, arguments.rounds, arguments.repeats, arguments.seeds)
    if arguments.without_peers:
        result["peers"] = "not asked for"
    else:
        result |= beside(graph, has, result, arguments.rounds, arguments.repeats)
    emit({"threads": numba.get_num_threads(), **result, "peak_rss_mb": peak_rss_mb()}, arguments.json)


if __name__ == "__main__":
    main()
