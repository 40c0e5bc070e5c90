"""The log loss by hand, of scores of the scorer and of a network."""

from dataclasses import replace
from math import exp, log

import pytest
import torch

from embedding_features.encoders import Encoded, EncodedPairs
from embedding_features.objectives import LogLoss, Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot

SRC, DST = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[0.5, 3.0], [1.0, 1.0]])
NEGATIVES = torch.tensor([[[1.0, 1.0], [0.0, 1.0], [2.0, 0.0]], [[1.0, 0.0], [0.0, 0.5], [0.0, 0.0]]])


def step() -> Step:
    encoded = Encoded(SRC, DST, NEGATIVES)
    examples = Examples(torch.tensor([0, 1]), torch.tensor([2, 3]), torch.tensor([[4, 5, 6], [4, 5, 6]]))
    return Step(examples, encoded, encoded, Dot().build(2, 2, torch.Generator()))


def surprise(score: float) -> float:
    """−ln σ(score)."""
    return log(1 + exp(-score))


def test_every_pair_and_every_negative_counts_alike() -> None:
    known, unknown = [0.5, 2.0], [1.0, 0.0, 2.0, 0.0, 1.0, 0.0]
    expected = (sum(map(surprise, known)) + sum(surprise(-s) for s in unknown)) / 8
    assert LogLoss().loss(step()).item() == pytest.approx(expected)


def test_the_penalty_counts_a_pairs_negatives_as_one() -> None:
    squares = (1 + 4) + (9.25 + 2) + (2 + 1 + 4 + 1 + 0.25) / 3
    penalty = LogLoss(l2=0.6).loss(step()) - LogLoss().loss(step())
    assert penalty.item() == pytest.approx(0.6 / 2 * squares / 2)


def test_scores_of_a_network_are_asked_beside_those_of_its_vectors() -> None:
    positive, negative = torch.tensor([3.0, -1.0]), torch.tensor([[0.0, 1.0], [2.0, -2.0]])
    encoded = EncodedPairs(SRC, DST, NEGATIVES, positive=positive, negative=negative)
    expected = sum(map(surprise, [3, -1])) + sum(surprise(-s) for s in (0, 1, 2, -2))
    found = LogLoss().loss(replace(step(), encoded=encoded)) - LogLoss().loss(step())
    assert found.item() == pytest.approx(expected / 6)
