"""Alignment and uniformity: by hand, against sums pair by pair, and their gradient."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from embedding_features.encoders import Encoded
from embedding_features.objectives import AlignmentUniformity, Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step_of(src: Tensor, dst: Tensor) -> Step:
    rows = torch.arange(len(src))
    encoded = Encoded(src, dst, dst)
    return Step(Examples(rows, rows, rows), encoded, encoded, Dot().build(1, src.shape[1], torch.Generator()))


def test_golden() -> None:
    """Lengths do not count. Squared distances: pairs 0, 2 and 4; users 2, 4 and 2; items 2, 2 and 0."""
    users = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    items = torch.tensor([[1.0, 0.0], [0.0, 4.0], [0.0, 1.0]])
    aligned = (0 + 0 + 2) / 3
    of_users = math.log((2 * math.exp(-4) + math.exp(-8)) / 3)
    of_items = math.log((2 * math.exp(-4) + 1) / 3)
    loss = AlignmentUniformity(gamma=0.8).loss(step_of(users, items))
    assert loss.item() == pytest.approx(aligned + 0.4 * (of_users + of_items), rel=1e-5)


def slow_loss(src: Tensor, dst: Tensor, gamma: float) -> Tensor:
    users, items = normalize(src, dim=1), normalize(dst, dim=1)
    loss = (users - items).square().sum(1).mean()
    for side in (users, items):
        terms = [(-2 * (x - y).square().sum()).exp() for n, x in enumerate(side) for y in side[:n]]
        loss = loss + gamma / 2 * torch.stack(terms).mean().log()
    return loss


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [1, 20, 1 << 20])
def test_loss_and_gradients_are_those_of_sums_pair_by_pair(
    seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedding_features.objectives.alignment_uniformity._BLOCK", block)
    rng = torch.Generator().manual_seed(seed)
    src, dst = tables = [torch.randn(7, 4, generator=rng).requires_grad_() for _ in range(2)]
    slow, fast = slow_loss(src, dst, 1.5), AlignmentUniformity(gamma=1.5).loss(step_of(src, dst))
    torch.testing.assert_close(fast, slow)
    expected = torch.autograd.grad(slow, tables)
    for one, exact in zip(torch.autograd.grad(fast, tables), expected, strict=True):
        torch.testing.assert_close(one, exact, atol=1e-5, rtol=1e-4)


def test_a_batch_of_one_pair_is_aligned_alone() -> None:
    user, item = torch.tensor([[1.0, 0.0]], requires_grad=True), torch.tensor([[0.0, 1.0]])
    loss = AlignmentUniformity(gamma=2.0).loss(step_of(user, item))
    (gradient,) = torch.autograd.grad(loss, user)
    assert loss.item() == pytest.approx(2.0)
    torch.testing.assert_close(gradient, torch.tensor([[0.0, -2.0]]))
