"""Papers of cora that came after the training."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.catalogue.data.cora_public import SplitLabels, cora_public, graph_of
from benchmarks.catalogue.judges.accuracy import probe, vectors_of
from benchmarks.harness import Timing, timed
from embedding_features.arrays import F32, F64, I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders.inductive import InductiveNetwork
from embedding_features.encoders.served_nodes import ServedNodes
from embedding_features.methods import make

_SETTINGS = {"relations": ("cites",), "attributes": ("has_word",), "labels": "is_about"}
#: of the papers, that come later
_SHARE = 0.2


def measure(seed: int, settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of gcn.

    A fifth of the papers, none of them labelled for training, are held out with their citations and words.
    The network learns from the rest; then it is given the whole graph and makes the vectors of those papers,
    one at a time. Fields are read from them by a logistic regression on the labelled papers; ``ratio`` is its
    accuracy over that of a network that was trained on the whole graph, ``ms_per_node`` the time for a paper,
    its neighbourhood and its words included.
    """
    data = cora_public()
    asked, table = data.asked, data.graph.vocabularies["paper"].ids.to_numpy()
    free = np.setdiff1d(table, asked.splits["train"].ids)
    held = np.random.default_rng(seed).choice(free, round(_SHARE * len(table)), replace=False)
    composition = make("gcn", **{**_SETTINGS, **settings})
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
    later = _accuracy(left, asked, vectors.astype(np.float64), label)
    retrained = _accuracy(whole, asked, vectors_of(whole, "paper", ids), label)
    return {
        "later_accuracy": later,
        "retrained_accuracy": retrained,
        "ratio": later / retrained,
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
