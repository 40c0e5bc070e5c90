"""Inductive methods read topics of papers that they never saw, and nothing where there are none."""

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders import InductiveNetwork, ServedNodes
from embedding_features.graph import Graph
from embedding_features.methods import Method, make
from embedding_features.testing.graphs import groups
from tests.learning.planted_interests import AS_OF

PAPERS, TOPICS, WORDS = 400, 4, 80
#: papers from this one on are those that a network does not see
EARLY = 320
LEARNED = {
    **{name: {"labels": "is_about", "epochs": 40} for name in ("gcn", "gat", "sign", "r_gcn")},
    "graphsage": {"epochs": 20, "lr": 5e-3},
    "dgi": {"dim": 64, "epochs": 60, "lr": 5e-3},
}


@cache
def graph_of(papers: int, shuffled: bool) -> Graph:
    """Papers of four topics cite their own topic 4 times of 5, and have its words half the time.

    The first 40 are labelled. Shuffled: words and citations are of other papers.
    """
    rng = np.random.default_rng(0)
    topic = topics()
    mixed = rng.permutation(topic) if shuffled else topic
    src = np.repeat(np.arange(PAPERS), 3)
    dst = np.array([_drawn(rng, mixed, mixed[one]) for one in src])
    paper = np.repeat(np.arange(PAPERS), 6)
    own = rng.integers(0, WORDS // TOPICS, len(paper)) * TOPICS + mixed[paper]
    word = np.where(rng.random(len(paper)) < 0.5, own, rng.integers(0, WORDS, len(paper)))
    cites, has = (src < papers) & (dst < papers), paper < papers
    edges = {
        ("paper", "cites", "paper"): (src[cites], dst[cites]),
        ("paper", "has_word", "word"): (paper[has], word[has]),
        ("paper", "is_about", "topic"): (np.arange(40), topic[:40]),
    }
    return Graph.from_arrays(AS_OF, edges)


def topics() -> np.ndarray:
    return np.random.default_rng(1).integers(0, TOPICS, PAPERS)


def _drawn(rng: np.random.Generator, topic: np.ndarray, own: int) -> int:
    return int(rng.choice(np.flatnonzero(topic == own) if rng.random() < 0.8 else PAPERS))


def composition(name: str) -> Method:
    settings = {"dim": 16, **LEARNED[name]}
    return make(name, relations=("cites",), attributes=("has_word",), **settings)


def accuracy(fitted: Embeddings, vectors: np.ndarray, of: np.ndarray) -> float:
    """Of the topics of papers, read from vectors as those of the labelled ones teach."""
    table = fitted.tables["paper"]
    place = np.argsort(table.ids.to_numpy())
    probe = LogisticRegression(C=10, max_iter=1000).fit(table.vectors[place[:40]], topics()[:40])
    return float((probe.predict(vectors) == topics()[of]).mean())


@pytest.mark.parametrize("name", LEARNED)
def test_new_papers_are_told_by_their_words_and_citations(name: str) -> None:
    """Chance is .25."""
    method = composition(name)
    fitted = method.fit(graph_of(EARLY, False), seed=0)
    whole = graph_of(PAPERS, False)
    assert isinstance(fitted.encoder, InductiveNetwork)
    new = np.arange(EARLY, PAPERS)
    rows = whole.vocabularies["paper"].encode(new).astype(np.int64)
    vectors = ServedNodes(fitted.encoder, method.view.build(whole)).vectors(rows)
    assert accuracy(fitted, vectors, new) > 0.75


@pytest.mark.parametrize("name", ["gcn", "dgi"])
def test_where_words_and_citations_say_nothing_nothing_is_told(name: str) -> None:
    fitted = composition(name).fit(graph_of(PAPERS, True), seed=0)
    table = fitted.tables["paper"]
    rest = np.arange(40, PAPERS)
    vectors = table.vectors[np.argsort(table.ids.to_numpy())][rest]
    assert accuracy(fitted, vectors, rest) == pytest.approx(0.25, abs=0.08)


def test_labels_have_vectors_that_predict() -> None:
    """Seen: .66; chance is .25."""
    fitted = composition("gcn").fit(graph_of(PAPERS, False), seed=0)
    papers, labels = fitted.tables["paper"], fitted.tables["topic"]
    best = labels.ids.to_numpy()[np.argmax(papers.vectors @ labels.vectors.T, axis=1)]
    assert (best == topics()[papers.ids.to_numpy()]).mean() > 0.6


def test_two_towers_place_items_without_an_edge_by_their_features() -> None:
    """Users see items of one kind of four; six items nobody saw. Seen of three seeds: cosines with items of
    the own kind from .84, with others up to .40; of shuffled kinds from .18 and up to .77.
    """
    kinds = pa.table({"kind": [str(item % 4) for item in range(50)]})
    graph = replace(groups(), features={"item": kinds})
    fitted = make("two_tower", dim=16, nodes="all", lr=1e-2, epochs=10, early_stop=None).fit(graph, seed=0)
    users, items = (fitted.tables[side] for side in ("user", "item"))
    some = users.vectors[5:55]
    cosine = normalize(some) @ normalize(items.vectors[44:]).T
    own = np.arange(5, 55)[:, None] % 4 == np.arange(44, 50) % 4
    assert cosine[own].min() - cosine[~own].max() > 0.3
