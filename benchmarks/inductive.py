"""Measures the vectors of nodes that a network never saw, beside a network that was trained with them.

    python -m benchmarks.inductive --data cora --json

A fifth of the papers, none of them labelled for training, are held out with their citations and words. A
network learns from the rest; then it is given the whole graph and makes the vectors of those papers, one at
a time, without another step. Their fields are read from the vectors by a logistic regression on the labelled
papers; ``ratio`` is its accuracy over that of a network that was trained on the whole graph, a mean over
seeds, and ``ms_per_node`` the time for a paper, its neighbourhood and its words included.
"""

import argparse
import json

import numpy as np

from benchmarks.catalogue.data.base import Data
from benchmarks.catalogue.data.cora_public import SplitLabels, cora_public, graph_of
from benchmarks.catalogue.judges.accuracy import probe, vectors_of
from benchmarks.harness import Timing, timed
from embedding_features.arrays import F32, F64, I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders.inductive import InductiveNetwork
from embedding_features.encoders.served_nodes import ServedNodes
from embedding_features.methods import make

_READERS = {"cora": cora_public}
_SETTINGS = {"relations": ("cites",), "attributes": ("has_word",), "labels": "is_about"}
_SHARE = 0.2


def main() -> None:
    """Print each seed's figures, and their means."""
    arguments = _arguments()
    data = _READERS[arguments.data]()
    runs = [measured(data, arguments.method, seed) for seed in range(arguments.seeds)]
    for number, run in enumerate(runs):
        print(number, ", ".join(f"{name} {value:.4f}" for name, value in run.items()))
    means = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    found = {
        "data": arguments.data,
        "method": arguments.method,
        "ratio": means["held_out"] / means["retrained"],
        **means,
    }
    print(json.dumps(found) if arguments.json else found)


def measured(data: Data[SplitLabels], method: str, seed: int) -> dict[str, float]:
    """Return the accuracy on held-out papers without and with training, and the time for one."""
    asked, table = data.asked, data.graph.vocabularies["paper"].ids.to_numpy()
    free = np.setdiff1d(table, asked.splits["train"].ids)
    held = np.random.default_rng(seed).choice(free, round(_SHARE * len(table)), replace=False)
    settings = _SETTINGS if method != "dgi" else {k: v for k, v in _SETTINGS.items() if k != "labels"}
    composition = make(method, **settings)
    left = composition.fit(graph_of(np.setdiff1d(table, held), asked.splits), seed=seed)
    whole = composition.fit(data.graph, seed=seed)
    judged = asked.splits["test"]
    inside = np.isin(judged.ids, held)
    ids, label = judged.ids[inside], judged.label[inside]
    network = left.encoder
    assert isinstance(network, InductiveNetwork)
    served = ServedNodes(network, composition.view.build(data.graph))
    rows = data.graph.vocabularies["paper"].encode(ids).astype(np.int64)
    vectors, clock = _one_at_a_time(served, rows)
    return {
        "held_out": _accuracy(left, asked, vectors.astype(np.float64), label),
        "retrained": _accuracy(whole, asked, vectors_of(whole, "paper", ids), label),
        "ms_per_node": 1e3 * clock.seconds / len(rows),
        "cpu_ms_per_node": 1e3 * clock.cpu_seconds / len(rows),
    }


def _one_at_a_time(served: ServedNodes, rows: I64) -> tuple[F32, Timing]:
    """Return [n, dim] the vectors, and the time for all; a first one is made before, as kernels compile."""
    served.vectors(rows[:1])
    with timed() as clock:
        vectors = np.concatenate([served.vectors(rows[k : k + 1]) for k in range(len(rows))])
    return vectors, clock


def _accuracy(embeddings: Embeddings, asked: SplitLabels, vectors: F64, label: I64) -> float:
    train = asked.splits["train"]
    seen = vectors_of(embeddings, asked.node_type, train.ids)
    return float((probe(seen, train.label, vectors, strength=1.0) == label).mean())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=sorted(_READERS), default="cora")
    parser.add_argument("--method", default="gcn", help="an inductive one")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
