"""Losses against numbers computed by hand."""

import math

import pytest
import torch
from pydantic import ValidationError

from embedding_features.encoders import Encoded
from embedding_features.objectives import BPR, Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def pairs(negatives: list[list[list[float]]]) -> Encoded:
    src = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    dst = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    return Encoded(src, dst, torch.tensor(negatives))


def roles(vectors: Encoded) -> tuple[torch.Tensor, ...]:
    return vectors.src, vectors.dst, vectors.negatives


def loss(objective: BPR, vectors: Encoded, ego: Encoded | None = None) -> torch.Tensor:
    """The loss by dot product; which rows the vectors are of makes no difference."""
    rows = Examples(*(torch.zeros(v.shape[:-1], dtype=torch.int64) for v in roles(vectors)))
    return objective.loss(Step(rows, vectors, ego or vectors, Dot().build(1, 2, torch.Generator())))


def test_bpr_golden() -> None:
    """Positive scores 1 and 2, negative ones 0 and 3."""
    vectors = pairs([[[0.0, 5.0]], [[7.0, 1.5]]])
    expected = (math.log1p(math.exp(-1)) + math.log1p(math.exp(1))) / 2
    assert loss(BPR(l2=0), vectors).item() == pytest.approx(expected, rel=1e-6)


def test_l2_is_of_layer_zero_per_pair() -> None:
    """Squared norms: sources 1 + 4, destinations 2 + 2, negatives 25 + 51.25; half of l2 times their mean."""
    vectors = pairs([[[0.0, 5.0]], [[7.0, 1.5]]])
    plain = loss(BPR(l2=0), vectors)
    penalty = loss(BPR(l2=0.1), vectors) - plain
    assert penalty.item() == pytest.approx(0.5 * 0.1 * (5 + 4 + 76.25) / 2, rel=1e-5)
    ego = Encoded(*(torch.zeros_like(v) for v in roles(vectors)))
    assert loss(BPR(l2=0.1), vectors, ego).item() == pytest.approx(plain.item())


def test_several_negatives_are_averaged() -> None:
    one, other = pairs([[[0.0, 5.0]], [[7.0, 1.5]]]), pairs([[[2.0, 0.0]], [[0.0, 0.0]]])
    both = Encoded(one.src, one.dst, torch.cat([one.negatives, other.negatives], dim=1))
    losses = [loss(BPR(l2=0.3), v).item() for v in (one, other, both)]
    assert losses[2] == pytest.approx((losses[0] + losses[1]) / 2, rel=1e-6)


def test_large_margins_do_not_overflow() -> None:
    vectors = Encoded(torch.tensor([[1e4]]), torch.tensor([[-1e4]]), torch.tensor([[[1e4]]]))
    assert loss(BPR(l2=0), vectors).item() == pytest.approx(2e8)


def test_negative_l2_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        BPR(l2=-1)
