"""Losses against numbers computed by hand."""

import math

import pytest
import torch
from pydantic import ValidationError

from embedding_features.objectives import BPR, PairVectors
from embedding_features.scoring import Dot


def pairs(negatives: list[list[list[float]]]) -> PairVectors:
    src = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    dst = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    return PairVectors(src, dst, torch.tensor(negatives))


def test_bpr_golden() -> None:
    """Positive scores 1 and 2, negative ones 0 and 3."""
    vectors = pairs([[[0.0, 5.0]], [[7.0, 1.5]]])
    expected = (math.log1p(math.exp(-1)) + math.log1p(math.exp(1))) / 2
    assert BPR(l2=0).loss(vectors, vectors, Dot()).item() == pytest.approx(expected, rel=1e-6)


def test_l2_is_of_layer_zero_per_pair() -> None:
    """Squared norms: sources 1 + 4, destinations 2 + 2, negatives 25 + 51.25; half of l2 times their mean."""
    vectors = pairs([[[0.0, 5.0]], [[7.0, 1.5]]])
    plain = BPR(l2=0).loss(vectors, vectors, Dot())
    penalty = BPR(l2=0.1).loss(vectors, vectors, Dot()) - plain
    assert penalty.item() == pytest.approx(0.5 * 0.1 * (5 + 4 + 76.25) / 2, rel=1e-5)
    ego = PairVectors(*(torch.zeros_like(v) for v in vectors))
    assert BPR(l2=0.1).loss(vectors, ego, Dot()).item() == pytest.approx(plain.item())


def test_several_negatives_are_averaged() -> None:
    one, other = pairs([[[0.0, 5.0]], [[7.0, 1.5]]]), pairs([[[2.0, 0.0]], [[0.0, 0.0]]])
    both = PairVectors(one.src, one.dst, torch.cat([one.negatives, other.negatives], dim=1))
    losses = [BPR(l2=0.3).loss(v, v, Dot()).item() for v in (one, other, both)]
    assert losses[2] == pytest.approx((losses[0] + losses[1]) / 2, rel=1e-6)


def test_large_margins_do_not_overflow() -> None:
    vectors = PairVectors(torch.tensor([[1e4]]), torch.tensor([[-1e4]]), torch.tensor([[[1e4]]]))
    assert BPR(l2=0).loss(vectors, vectors, Dot()).item() == pytest.approx(2e8)


def test_negative_l2_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        BPR(l2=-1)
