"""Scores of two vectors against numbers computed by hand."""

import pytest
import torch

from embedding_features.scorers import Compare, Cosine, Dot, Scorer
from embedding_features.scorers.metric import ScorerMetric, cross_scores, paired_scores

A = torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])
B = torch.tensor([[3.0, -1.0], [4.0, 3.0], [1.0, 1.0]])


def built(scorer: Scorer) -> Compare:
    return scorer.build(1, 2, torch.Generator())


def test_dot() -> None:
    assert built(Dot())(A, None, B).tolist() == [1.0, 24.0, 0.0]


def test_cosine() -> None:
    expected = torch.tensor([1 / 50**0.5, 24 / 25, 0.0])
    torch.testing.assert_close(built(Cosine())(A, None, B), expected)


def test_scores_broadcast_over_negatives() -> None:
    negatives = torch.stack([B, 2 * B], dim=1)
    assert built(Dot())(A.unsqueeze(1), None, negatives).tolist() == [[1.0, 2.0], [24.0, 48.0], [0.0, 0.0]]


@pytest.mark.parametrize("metric", ["dot", "cosine", "l1", "l2", "moduli"])
def test_scores_of_all_against_all_are_those_of_pairs(metric: ScorerMetric) -> None:
    queries, targets = torch.randn(5, 6), torch.randn(7, 6)
    expected = paired_scores(queries.unsqueeze(1), targets, metric)
    torch.testing.assert_close(cross_scores(queries, targets, metric), expected, atol=1e-5, rtol=1e-5)
