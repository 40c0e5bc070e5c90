"""A baseline is judged as vectors of the same scores are."""

import numpy as np
import pytest

import embedding_features.evaluate.baselines.evaluation as evaluation
from embedding_features.errors import DataError
from embedding_features.evaluate.baselines import ItemKNN, Popular, evaluate_baseline, known_pairs
from embedding_features.evaluate.retrieval import evaluate_vectors
from embedding_features.graph import CSR
from tests.learning.planted_interests import world


@pytest.mark.parametrize("block", [1 << 24, 7000])
def test_all_figures_are_those_of_vectors_with_the_same_scores(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once and in blocks of a few users, with pairs to find that stand twice."""
    monkeypatch.setattr(evaluation, "_BLOCK_SCORES", block)
    split = world(False)
    known = split.graph.relation().forward
    fitted = ItemKNN().fit(known_pairs(split.graph))
    users = fitted.scores(np.arange(known.rows))
    wanted = CSR.from_edges(split.src, split.dst, (known.rows, known.columns))
    by_vectors = evaluate_vectors(users, np.eye(known.columns, dtype=np.float32), wanted, known, k=10)
    twice = np.tile(split.src, 2), np.tile(split.dst, 2)
    assert evaluate_baseline(fitted, split.graph, *twice, k=10) == by_vectors


def test_nothing_to_find_is_refused() -> None:
    split = world(False)
    fitted = Popular().fit(known_pairs(split.graph))
    with pytest.raises(DataError, match="0 pairs to find at k = 20"):
        evaluate_baseline(fitted, split.graph, split.src[:0], split.dst[:0])
    with pytest.raises(DataError, match="at k = 0"):
        evaluate_baseline(fitted, split.graph, split.src, split.dst, k=0)
