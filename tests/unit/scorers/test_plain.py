"""Scores of two vectors against numbers computed by hand."""

import torch

from embedding_features.scorers import Compare, Cosine, Dot, Scorer

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
