"""Users who go from item to item by one rule, and what vectors learned from them find of the next step."""

from functools import cache

import numpy as np

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.retrieval import evaluate_embeddings
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.testing.graphs import AS_OF

USERS, ITEMS, EVENTS = 300, 80, 12


@cache
def walks(shuffled: bool) -> tuple[Graph, np.ndarray]:
    """The events but the last of each user as a graph, and the items of the last.

    After item i comes π(i) 9 times of 10, π one permutation of the items, else any item. Shuffled: all
    events joined to users and moments at random.
    """
    rng = np.random.default_rng(0)
    after = np.roll(np.arange(ITEMS), 7)[rng.permutation(ITEMS)]
    items = np.empty((USERS, EVENTS + 1), np.int64)
    items[:, 0] = rng.integers(0, ITEMS, USERS)
    for step in range(EVENTS):
        lost = rng.random(USERS) < 0.1
        items[:, step + 1] = np.where(lost, rng.integers(0, ITEMS, USERS), after[items[:, step]])
    if shuffled:
        items = rng.permutation(items.ravel()).reshape(items.shape)
    relation = Relation.from_edges(
        "saw",
        "user",
        "item",
        np.repeat(np.arange(USERS), EVENTS),
        items[:, :-1].ravel(),
        (USERS, ITEMS),
        time=np.tile(np.arange(EVENTS), USERS),
    )
    vocabularies = {t: Vocabulary.from_ids(np.arange(n)) for t, n in (("user", USERS), ("item", ITEMS))}
    return Graph(AS_OF, vocabularies, {"saw": relation}), items[:, -1]


def found_next(embeddings: Embeddings, shuffled: bool) -> float:
    """Share of users whose last item, one that they lacked, is the first of those that they lack."""
    graph, last = walks(shuffled)
    known = graph.relation().forward
    new = [u for u in range(USERS) if last[u] not in known.indices[known.indptr[u] : known.indptr[u + 1]]]
    return evaluate_embeddings(embeddings, graph, np.array(new), last[new], k=1).recall
