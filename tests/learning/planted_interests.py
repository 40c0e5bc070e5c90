"""Planted interests with skewed popularity, and what vectors learned from them must tell."""

from datetime import UTC, datetime
from functools import cache

import numpy as np

from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.evaluate.holdout import Holdout, split_holdout
from embedding_features.evaluate.relation_queries import relation_queries
from embedding_features.evaluate.retrieval import evaluate_embeddings, evaluate_vectors
from embedding_features.graph import CSR, Graph

USERS, ITEMS, INTERESTS, EDGES = 600, 500, 10, 24_000
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


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


def topic_share(embeddings: Embeddings) -> float:
    """How many of the ten nearest items, by cosine, are of an item's own topic."""
    rng = np.random.default_rng(0)
    _, topic = rng.integers(0, INTERESTS, USERS), rng.integers(0, INTERESTS, ITEMS)  # as in :func:`world`
    table = embeddings.tables["item"]
    unit = table.vectors / np.maximum(np.linalg.norm(table.vectors, axis=1, keepdims=True), 1e-9)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1)[:, :10]
    own = topic[table.ids.to_numpy()]
    return float((own[nearest] == own[:, None]).mean())


def popularity_recall(split: Holdout) -> float:
    known = split.graph.relation()
    popular = known.reverse.degrees.astype(np.float32)[:, None]
    wanted = CSR.from_edges(split.src, split.dst, (known.forward.rows, known.forward.columns))
    ones = np.ones((known.forward.rows, 1), np.float32)
    return evaluate_vectors(ones, popular, wanted, known.forward, k=20).recall


def recall_above_popularity(embeddings: Embeddings, split: Holdout) -> float:
    """Recall@20 of the vectors less that of the most popular items."""
    recall = evaluate_embeddings(embeddings, split.graph, split.src, split.dst, k=20).recall
    return recall - popularity_recall(split)


def link_auc(embeddings: Embeddings, split: Holdout) -> float:
    """How often two held-out pairs together outscore the same nodes joined crosswise.

    That is AUC with the pull of popular items and of busy users taken out: (u, i), (v, j) against (u, j),
    (v, i). Crossings that are edges of the graph are left out.
    """
    known, scores = split.graph.relation().forward, pair_scores(embeddings, split.graph)
    edge = np.zeros((known.rows, known.columns), bool)
    edge[known.sources(), known.indices] = True
    rng = np.random.default_rng(1)
    one, other = (np.concatenate([rng.permutation(len(split.src)) for _ in range(10)]) for _ in range(2))
    u, i, v, j = split.src[one], split.dst[one], split.src[other], split.dst[other]
    fair = ~edge[u, j] & ~edge[v, i] & (one != other)
    return float((scores[u, i] + scores[v, j] > scores[u, j] + scores[v, i])[fair].mean())


def pair_scores(embeddings: Embeddings, graph: Graph) -> np.ndarray:
    """[users, items] scores by the metric, of the relation's queries where relations have vectors."""
    users, items = (expand(embeddings, graph, t) for t in ("user", "item"))
    if RELATION in embeddings.tables:
        users = relation_queries(embeddings, graph.relation().name, users)
    if embeddings.provenance.metric == "dot":
        return users @ items.T
    return -np.linalg.norm(users[:, None] - items, axis=2)


def expand(embeddings: Embeddings, graph: Graph, node_type: str) -> np.ndarray:
    table = embeddings.tables[node_type]
    vectors = np.zeros((len(graph.vocabularies[node_type]), table.dim), np.float32)
    vectors[graph.vocabularies[node_type].encode(table.ids)] = table.vectors
    return vectors
