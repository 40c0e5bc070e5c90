"""Trained methods learn planted structure, and nothing where there is none."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.holdout import Holdout, split_holdout
from embedding_features.evaluate.retrieval import evaluate_embeddings, evaluate_vectors
from embedding_features.graph import CSR, Graph
from embedding_features.methods import make

USERS, ITEMS, INTERESTS, EDGES = 600, 500, 10, 24_000
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = {"dim": 16, "epochs": 40, "batch_size": 2048, "lr": 1e-2}


@cache
def world(shuffled: bool) -> Holdout:
    """A click is 4 times of 5 within the user's interest, on an item ∝ its Zipf-like popularity.

    Shuffled: the same degrees, users and items joined at random.
    """
    rng = np.random.default_rng(0)
    taste, topic = rng.integers(0, INTERESTS, USERS), rng.integers(0, INTERESTS, ITEMS)
    popularity = 1 / np.arange(10, ITEMS + 10) ** 0.5
    user = rng.integers(0, USERS, EDGES)
    inside = rng.random(EDGES) < 0.8
    item = rng.choice(ITEMS, EDGES, p=popularity / popularity.sum())
    for interest in range(INTERESTS):
        chosen = inside & (taste[user] == interest)
        weight = popularity * (topic == interest)
        item[chosen] = rng.choice(ITEMS, chosen.sum(), p=weight / weight.sum())
    if shuffled:
        item = rng.permutation(item)
    graph = Graph.from_arrays(AS_OF, {("user", "saw", "item"): (user, item)})
    return split_holdout(graph, None, 0.25, seed=0, by="random")


@cache
def fitted(name: str, shuffled: bool) -> Embeddings:
    return make(name, **SETTINGS).fit(world(shuffled).graph)


def popularity_recall(split: Holdout) -> float:
    known = split.graph.relation()
    popular = known.reverse.degrees.astype(np.float32)[:, None]
    wanted = CSR.from_edges(split.src, split.dst, (known.forward.rows, known.forward.columns))
    ones = np.ones((known.forward.rows, 1), np.float32)
    return evaluate_vectors(ones, popular, wanted, known.forward, k=20).recall


def link_auc(name: str, shuffled: bool) -> float:
    """How often two held-out pairs together outscore the same nodes joined crosswise.

    That is AUC with the pull of popular items and of busy users taken out: (u, i), (v, j) against (u, j),
    (v, i). Crossings that are edges of the graph are left out.
    """
    split, embeddings = world(shuffled), fitted(name, shuffled)
    users, items = (expand(embeddings, split.graph, t) for t in ("user", "item"))
    known = split.graph.relation().forward
    edge = np.zeros((known.rows, known.columns), bool)
    edge[known.sources(), known.indices] = True
    rng = np.random.default_rng(1)
    one, other = (np.concatenate([rng.permutation(len(split.src)) for _ in range(10)]) for _ in range(2))
    u, i, v, j = split.src[one], split.dst[one], split.src[other], split.dst[other]
    fair = ~edge[u, j] & ~edge[v, i] & (one != other)
    scores = users @ items.T
    return float((scores[u, i] + scores[v, j] > scores[u, j] + scores[v, i])[fair].mean())


def expand(embeddings: Embeddings, graph: Graph, node_type: str) -> np.ndarray:
    table = embeddings.tables[node_type]
    vectors = np.zeros((len(graph.vocabularies[node_type]), table.dim), np.float32)
    vectors[graph.vocabularies[node_type].encode(table.ids)] = table.vectors
    return vectors


@pytest.mark.parametrize(("name", "margin"), [("lightgcn", 0.42), ("mf_bpr", 0.37)])
def test_it_beats_popularity_by_a_margin(name: str, margin: float) -> None:
    """Recall@20; seen: popularity .092, lightgcn .564, mf_bpr .515."""
    split = world(False)
    recall = evaluate_embeddings(fitted(name, False), split.graph, split.src, split.dst, k=20).recall
    assert margin < recall - popularity_recall(split) < margin + 0.1


@pytest.mark.parametrize("name", ["lightgcn", "mf_bpr"])
def test_it_tells_links_where_there_is_structure_and_only_there(name: str) -> None:
    """Seen: .93 and .91 with structure, .506 and .504 without."""
    assert link_auc(name, shuffled=False) > 0.88
    assert link_auc(name, shuffled=True) == pytest.approx(0.5, abs=0.02)
