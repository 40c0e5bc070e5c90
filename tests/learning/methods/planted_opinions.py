"""Planted likes and dislikes, and what vectors learned from them must tell."""

from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.graph import Graph, Relation, Vocabulary
from tests.learning.planted_interests import expand

USERS, ITEMS, INTERESTS, PAIRS = 400, 300, 5, 24_000
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


class Opinions(NamedTuple):
    """A graph of opinions to learn from, and the pairs to judge by."""

    graph: Graph
    src: np.ndarray
    dst: np.ndarray
    likes: np.ndarray


@cache
def opinions(shuffled: bool) -> Opinions:
    """Half of the pairs are within the user's interest and liked 9 times of 10, others 1 time of 10.

    Shuffled: the same pairs and the same number of likes, on pairs drawn at random.
    """
    rng = np.random.default_rng(0)
    taste, topic = rng.integers(0, INTERESTS, USERS), rng.integers(0, INTERESTS, ITEMS)
    every = rng.permutation(USERS * ITEMS)
    within = taste[every // ITEMS] == topic[every % ITEMS]
    pairs = np.concatenate([every[within][: PAIRS // 2], every[~within][: PAIRS // 2]])
    likes = rng.random(len(pairs)) < np.repeat([0.9, 0.1], PAIRS // 2)
    if shuffled:
        likes = rng.permutation(likes)
    held = rng.random(len(pairs)) < 0.25
    src, dst = pairs // ITEMS, pairs % ITEMS
    weight = np.where(likes, 1, -1).astype(np.float32)
    relation = Relation.from_edges(
        "rated", "user", "item", src[~held], dst[~held], (USERS, ITEMS), weight=weight[~held]
    )
    vocabularies = {
        name: Vocabulary.from_ids(pa.array(range(size))) for name, size in (("user", USERS), ("item", ITEMS))
    }
    graph = Graph(AS_OF, vocabularies, {"rated": relation}, fingerprint="0" * 64)
    return Opinions(graph, src[held], dst[held], likes[held])


def opinion_auc(embeddings: Embeddings, held: Opinions) -> float:
    """Return the share of pairs of a liked and a disliked pair in which the liked one scores higher."""
    users, items = (expand(embeddings, held.graph, node_type) for node_type in ("user", "item"))
    score = (users[held.src] * items[held.dst]).sum(axis=1)
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    liked = int(held.likes.sum())
    least = liked * (liked + 1) / 2
    return float((rank[held.likes].sum() - least) / (liked * (len(score) - liked)))
