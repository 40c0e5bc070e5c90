"""The max-margin loss against numbers made by hand."""

import pytest
import torch

from embedding_features.encoders.base import Encoded
from embedding_features.objectives import MaxMargin, Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step(hard: bool, left_out: bool) -> Step:
    """Two anchors (1, 0) and (0, 2); positives score 1 and 2, shared negatives .4, 0 and 3; 1, 4 and −2."""
    examples = Examples(
        torch.tensor([0, 1]),
        torch.tensor([5, 6]),
        torch.tensor([7, 8, 9]),
        left_out=torch.tensor([[1], [1]]) if left_out else None,
        hard=torch.tensor([[3], [4]]) if hard else None,
    )
    encoded = Encoded(
        torch.tensor([[1.0, 0.0], [0.0, 2.0]]),
        torch.tensor([[1.0, 9.0], [9.0, 1.0]]),
        torch.tensor([[0.4, 0.5], [0.0, 2.0], [3.0, -1.0]]),
        hard=torch.tensor([[[0.9, 7.0]], [[7.0, 0.75]]]) if hard else None,
    )
    return Step(examples, encoded, encoded, Dot().build(2, 2, torch.Generator()))


def test_losses_by_hand() -> None:
    """Margin .5: 0, 0, 2.5 of the first anchor, 0, 2.5, 0 of the second; hard ones .4 and 0."""
    loss = MaxMargin(margin=0.5).loss
    assert float(loss(step(hard=False, left_out=False))) == pytest.approx((2.5 + 2.5) / 6)
    assert float(loss(step(hard=False, left_out=True))) == pytest.approx(2.5 / 6)
    assert float(loss(step(hard=True, left_out=False))) == pytest.approx((2.5 + 2.5 + 0.4) / 8)


def test_what_is_left_out_has_no_gradient() -> None:
    examples = step(hard=False, left_out=True)
    examples.encoded.negatives.requires_grad_()
    MaxMargin(margin=0.5).loss(examples).backward()
    assert examples.encoded.negatives.grad.tolist() == [[0, 0], [0, 0], [pytest.approx(1 / 6), 0]]
