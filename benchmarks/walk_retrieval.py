"""Measures retrieval by walks, without vectors, on gowalla: ``python -m benchmarks.walk_retrieval --json``.

Pixie and XWalk beside item-kNN, on the test pairs of some users drawn evenly: recall@20 and ndcg@20 of all
items, recall@20 of the pairs whose item has at most ``--tail`` training pairs, and the milliseconds, on one
thread, of scoring all items for one user and taking the best. Settings are those that found most of a fifth
of the training pairs, held out.
"""

import argparse
from typing import Any

import numpy as np

from benchmarks.harness import emit, timed
from benchmarks.retrieval import test_pairs, train_graph
from embedding_features.evaluate.baselines import (
    Baseline,
    ItemKNN,
    Pixie,
    XWalk,
    evaluate_baseline,
    known_pairs,
)

#: what is measured, by its kind
BASELINES: tuple[Baseline, ...] = (ItemKNN(), Pixie(), XWalk())


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=5000, help="who ask")
    parser.add_argument("--tail", type=int, default=10, help="most training pairs of an item of the tail")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    emit(measure(arguments.users, arguments.tail), arguments.json)


def measure(users: int, tail: int) -> dict[str, Any]:
    """Return the figures of each baseline, its kind before their names."""
    graph = train_graph("gowalla")
    src, dst = test_pairs("gowalla", graph)
    asking = np.random.default_rng(0).permutation(np.unique(src))[:users]
    of_asking = np.isin(src, asking)
    src, dst = src[of_asking], dst[of_asking]
    rare = graph.relation().reverse.degrees[dst] <= tail
    result: dict[str, Any] = {"users": len(asking), "pairs": len(src), "tail_pairs": int(rare.sum())}
    for baseline in BASELINES:
        fitted = baseline.fit(known_pairs(graph))
        fitted.scores(asking[:1])  # kernels are loaded
        with timed() as clock:
            found = evaluate_baseline(fitted, graph, src, dst)
        of_tail = evaluate_baseline(fitted, graph, src[rare], dst[rare])
        kind = str(baseline.model_dump()["kind"])
        result |= {
            f"{kind}_recall@20": found.recall,
            f"{kind}_ndcg@20": found.ndcg,
            f"{kind}_tail_recall@20": of_tail.recall,
            f"{kind}_ms_a_query": 1000 * clock.cpu_seconds / len(asking),
        }
    return result


if __name__ == "__main__":
    main()
