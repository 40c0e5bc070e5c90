"""A planted knowledge graph of relations that follow from each other, and how held-out edges rank."""

from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import numpy as np

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.relation_queries import relation_queries
from embedding_features.graph import Graph

ROWS, LENGTH = 24, 6
ENTITIES = ROWS * LENGTH
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
Pairs = list[tuple[int, int]]


class Patterns(NamedTuple):
    """A graph to learn from, all true pairs of each relation, and those that are held out."""

    graph: Graph
    true: dict[str, set[tuple[int, int]]]
    held: dict[str, Pairs]


@cache
def patterns() -> Patterns:
    """Rows of entities: half of the pairs of relations that follow from others are held out.

    ``after`` and ``before`` are each other's inverse, ``second`` is ``after`` twice, and ``twin`` joins
    places of two rows in both directions, of which one is held out.
    """
    rng = np.random.default_rng(0)
    true = {
        "after": {(i, i + 1) for i in range(ENTITIES) if i % LENGTH + 1 < LENGTH},
        "before": {(i + 1, i) for i in range(ENTITIES) if i % LENGTH + 1 < LENGTH},
        "second": {(i, i + 2) for i in range(ENTITIES) if i % LENGTH + 2 < LENGTH},
    }
    held = {name: sorted(pair for pair in true[name] if rng.random() < 0.5) for name in ("before", "second")}
    half = ENTITIES // 2
    true["twin"] = {(i, (i + half) % ENTITIES) for i in range(ENTITIES)}
    held["twin"] = [(i, i + half) for i in range(half) if rng.random() < 0.5]
    edges = {}
    for name, pairs in true.items():
        left = np.array(sorted(pairs - set(held.get(name, ()))))
        edges["entity", name, "entity"] = (left[:, 0], left[:, 1])
    return Patterns(Graph.from_arrays(AS_OF, edges), true, held)


def held_out_mrr(embeddings: Embeddings, name: str) -> float:
    """Filtered mean reciprocal rank of the targets of a relation's held-out pairs, ties as their mean."""
    table = embeddings.tables["entity"]
    order = np.argsort(table.ids.to_numpy())
    vectors = np.ascontiguousarray(table.vectors[order])
    assert len(vectors) == ENTITIES
    queries = relation_queries(embeddings, name, vectors)
    if embeddings.provenance.metric == "dot":
        scores = queries @ vectors.T
    else:
        scores = -np.linalg.norm(queries[:, None] - vectors, axis=2)
    world, inverse = patterns(), []
    for src, dst in world.held[name]:
        others = [t for t in range(ENTITIES) if t == dst or (src, t) not in world.true[name]]
        better = (scores[src, others] > scores[src, dst]).sum()
        equal = (scores[src, others] == scores[src, dst]).sum()
        inverse.append(1 / (better + (equal + 1) / 2))
    return float(np.mean(inverse))
