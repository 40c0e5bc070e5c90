"""Items of gowalla that came after the training."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch

from benchmarks.harness import timed
from benchmarks.retrieval import test_pairs, train_graph
from embedding_features.arrays import F32, I64, Bool
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.metric import Metric
from embedding_features.encoders import ImportancePoolingNetwork
from embedding_features.evaluate.retrieval import evaluate_vectors
from embedding_features.graph import CSR, Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import make

#: share of the items that come later
LATER = 0.1
#: nodes whose vectors are made one by one, for the clock
_TIMED = 500


def measure(seed: int, settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of pinsage.

    ``ratio`` is recall@20 of the test pairs of later items, all items ranked, over that of a fit that has
    seen all: users and items of the first fit keep their vectors, later items get theirs of their walks.
    ``ms_per_node`` is the mean of making one such vector by itself, its walks and all that it hears.
    """
    graph = train_graph("gowalla")
    later = choose_later(graph, seed)
    method = make("pinsage", **settings)
    with timed() as fit:
        early = method.fit(without_items(graph, later), seed=seed)
    network = cast(ImportancePoolingNetwork, early.encoder)
    rows = rows_after_growth(early, graph)
    network.grow({t: len(of_type) - len(early.tables[t].ids) for t, of_type in rows.items()})
    whole = View.of(None, nodes="all", weights="one").build(graph)
    view = whole.renumbered(rows, whole.counts)
    new = rows["item"][later] + view.span("item").start
    milliseconds = add_nodes(network, view, new)
    full = method.fit(graph, seed=seed)
    with torch.no_grad():
        found = recall_of({t: x.numpy()[rows[t]] for t, x in network().items()}, graph, later, method.metric)
    retrained = recall_of({t: vectors_of(full, t, graph) for t in rows}, graph, later, method.metric)
    return {
        "later_items": float(later.sum()),
        "later_recall@20": found,
        "retrained_recall@20": retrained,
        "ratio": found / retrained,
        "ms_per_node": milliseconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "validation": early.provenance.figures.get("validation", float("nan")),
    }


def choose_later(graph: Graph, seed: int) -> Bool:
    """Return [items] which come later: a tenth, drawn evenly."""
    chosen: Bool = np.random.default_rng(seed).random(graph.relation().forward.columns) < LATER
    return chosen


def without_items(graph: Graph, out: Bool) -> Graph:
    """Return the graph without the edges of some items."""
    relation = graph.relation()
    forward = relation.forward.kept(~out[relation.forward.indices])
    left = replace(relation, forward=forward, reverse=forward.transposed())
    return replace(graph, relations={relation.name: left})


def rows_after_growth(early: Embeddings, graph: Graph) -> dict[str, I64]:
    """Return node type → [nodes] row in its span of each node of the vocabulary, the new behind the known."""
    rows = {}
    for node_type, table in early.tables.items():
        known = graph.vocabularies[node_type].encode(table.ids)
        new = np.setdiff1d(np.arange(len(graph.vocabularies[node_type])), known)
        rows[node_type] = np.argsort(np.concatenate([known, new]))
    return rows


def add_nodes(network: ImportancePoolingNetwork, view: GraphView, rows: I64) -> float:
    """Let the network hear the edges of new nodes, and return the milliseconds of one, each by itself."""
    adjacency = view.adjacency()
    network.hear(adjacency, rows)
    started = time.perf_counter()
    with torch.no_grad():
        for row in rows[:_TIMED]:
            network.hear(adjacency, np.array([row]))
            network.vectors_of(torch.tensor([row]))
    return 1000 * (time.perf_counter() - started) / min(_TIMED, len(rows))


def vectors_of(embeddings: Embeddings, node_type: str, graph: Graph) -> F32:
    """Return [nodes, dim] vectors by row of the vocabulary; 0 where there is none."""
    table, vocabulary = embeddings.tables[node_type], graph.vocabularies[node_type]
    vectors = np.zeros((len(vocabulary), table.dim), np.float32)
    vectors[vocabulary.encode(table.ids)] = table.vectors
    return vectors


def recall_of(vectors: Mapping[str, F32], graph: Graph, later: Bool, metric: Metric) -> float:
    """Return recall@20 of the test pairs of later items, among all items that a user lacks."""
    src, dst = test_pairs("gowalla", graph)
    asked, seen = later[dst], graph.relation().forward
    wanted = CSR.from_edges(src[asked], dst[asked], (seen.rows, seen.columns))
    return evaluate_vectors(vectors["user"], vectors["item"], wanted, seen, k=20, metric=metric).recall
