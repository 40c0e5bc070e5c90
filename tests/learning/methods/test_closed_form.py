"""Closed forms learn planted structure, and nothing where there is none."""

from functools import cache

import pytest

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.methods import make
from embedding_features.solvers import spectral
from tests.learning.planted_interests import link_auc, recall_above_popularity, world


@cache
def fitted(name: str, shuffled: bool) -> Embeddings:
    return make(name, dim=16).fit(world(shuffled).graph)


@pytest.mark.parametrize(("name", "margin"), [("spectral", 0.45), ("als", 0.35)])
def test_it_beats_popularity_by_a_margin(name: str, margin: float) -> None:
    """Recall@20; seen: popularity .092, spectral .570, als .473."""
    assert margin < recall_above_popularity(fitted(name, False), world(False)) < margin + 0.06


@pytest.mark.parametrize("name", ["spectral", "als"])
def test_it_tells_links_where_there_is_structure_and_only_there(name: str) -> None:
    """Seen: .927 and .910 with structure, .508 and .507 without."""
    assert link_auc(fitted(name, False), world(False)) > 0.88
    assert link_auc(fitted(name, True), world(True)) == pytest.approx(0.5, abs=0.02)


def test_randomized_and_exact_decomposition_learn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = recall_above_popularity(fitted("spectral", False), world(False))
    monkeypatch.setattr(spectral, "_EXACT", 0)
    randomized = make("spectral", dim=16).fit(world(False).graph)
    assert recall_above_popularity(randomized, world(False)) == pytest.approx(exact, abs=0.02)
