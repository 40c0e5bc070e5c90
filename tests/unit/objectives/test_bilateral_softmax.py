"""The softmax over shared negatives: by hand, against sums pair by pair, and its gradient."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from embedding_features.encoders import Encoded
from embedding_features.errors import ConfigError
from embedding_features.objectives import BilateralSoftmax, Step
from embedding_features.objectives.bilateral_softmax import log_means, mean_log_sum, places_of
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step_of(
    src: Tensor,
    items: Tensor,
    dst: list[int],
    negatives: list[int],
    chances: Tensor | None = None,
    left_out: Tensor | None = None,
) -> Step:
    rows, shared = torch.tensor(dst), torch.tensor(negatives)
    encoded = Encoded(src, items[rows], items[shared])
    examples = Examples(torch.arange(len(src)), rows, shared, chances=chances, left_out=left_out)
    return Step(examples, encoded, encoded, Dot().build(1, 2, torch.Generator()))


def test_golden() -> None:
    """Two pairs of cosines 1 and 0; each has the other's item, of cosine 0 and 1, for its negative.

    The lengths 3 and 5 are for the penalty alone: half of .1 times (9 + 1 + 4 + 25) / 2.
    """
    src, items = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [5.0, 0.0], [0.0, 1.0]])
    step = step_of(src, items, [0, 1], [0, 1, 2])
    first = -1 / 0.5 + 0.9 * math.log(math.exp(1 / 0.5) + math.exp(0))
    second = 0 + 0.9 * math.log(math.exp(0) + math.exp(1 / 0.5))
    found = BilateralSoftmax(temperature=0.5, power=0.9).loss(step)
    assert found.item() == pytest.approx((first + second) / 2, rel=1e-6)
    penalized = BilateralSoftmax(temperature=0.5, power=0.9, l2=0.1).loss(step)
    assert (penalized - found).item() == pytest.approx(0.05 * (9 + 4 + 1 + 25) / 2, rel=1e-5)


def random_step(seed: int, corrected: bool, told: bool = False) -> tuple[Step, Tensor, Tensor]:
    """Seven pairs with ten shared negatives, of which some are a pair's own item, once or twice.

    Where the loss is ``told`` what to leave out, that is a third of the negatives beside these.
    """
    rng = torch.Generator().manual_seed(seed)
    src, items = (torch.randn(n, 5, generator=rng).requires_grad_() for n in (7, 6))
    dst, negatives = (torch.randint(0, 6, (n,), generator=rng).tolist() for n in (7, 10))
    chances = torch.rand(10, generator=rng) + 0.1 if corrected else None
    left_out = None
    if told:
        own = torch.tensor(dst)[:, None] == torch.tensor(negatives)
        left_out = (own | (torch.rand(7, 10, generator=rng) < 0.3)).nonzero().T
    return step_of(src, items, dst, negatives, chances, left_out), src, items


def slow_loss(step: Step, temperature: float, power: float) -> Tensor:
    """Pair by pair, negative by negative."""
    losses, told = [], step.examples.left_out
    out = None if told is None else set(zip(*told.tolist(), strict=True))
    for row, target in enumerate(step.examples.dst.tolist()):
        query, terms = step.encoded.src[row], []
        for column, other in enumerate(step.examples.negatives.tolist()):
            if other != target if out is None else (row, column) not in out:
                cosine = cosine_similarity(query, step.encoded.negatives[column], dim=0)
                chance = 1.0 if step.examples.chances is None else step.examples.chances[column]
                terms.append((cosine / temperature).exp() / chance)
        known = cosine_similarity(query, step.encoded.dst[row], dim=0) / temperature
        losses.append(power * torch.stack(terms).sum().log() - known)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [1, 25, 1 << 20])
@pytest.mark.parametrize("told", [False, True])
def test_loss_and_gradients_are_those_of_sums_pair_by_pair(
    seed: int, corrected: bool, block: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedding_features.objectives.bilateral_softmax._BLOCK", block)
    step, *tables = random_step(seed, corrected, told)
    slow = slow_loss(step, 0.2, 1.3)
    expected = torch.autograd.grad(slow, tables, retain_graph=True)
    fast = BilateralSoftmax(temperature=0.2, power=1.3).loss(step)
    found = torch.autograd.grad(fast, tables)
    torch.testing.assert_close(fast, slow)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_products_in_bfloat16_are_near() -> None:
    found = []
    for products in ("float32", "bfloat16"):
        step, *tables = random_step(0, corrected=True)
        loss = BilateralSoftmax(temperature=0.2, products=products).loss(step)
        found.append([loss, *torch.autograd.grad(loss, tables)])
    for exact, rough in zip(*found, strict=True):
        assert 0 < (rough - exact).norm() < 0.02 * exact.norm()


def test_a_pair_without_negatives_has_no_gradient_of_them() -> None:
    src, items = torch.tensor([[1.0, 2.0]], requires_grad=True), torch.tensor([[2.0, 1.0]])
    loss = BilateralSoftmax(temperature=0.5).loss(step_of(src, items, [0], [0, 0]))
    (found,) = torch.autograd.grad(loss, src)
    cosine = cosine_similarity(src, items)
    (expected,) = torch.autograd.grad(-cosine.sum() / 0.5, src)
    torch.testing.assert_close(loss, -cosine[0] / 0.5)
    torch.testing.assert_close(found, expected)


def test_sums_do_not_overflow() -> None:
    queries, nodes = torch.tensor([[100.0]]), torch.tensor([[2.0], [1.0], [3.0]])
    found = mean_log_sum(queries, nodes, places_of(torch.tensor([7]), torch.tensor([5, 6, 7])))
    assert found.item() == pytest.approx(200.0)


def test_places_of_equal_rows() -> None:
    found = places_of(torch.tensor([4, 2, 9]), torch.tensor([2, 4, 2, 7]))
    assert sorted(zip(*found.tolist(), strict=True)) == [(0, 1), (1, 0), (1, 2)]


def test_negatives_of_each_pair_are_refused() -> None:
    vectors = torch.ones(2, 3)
    examples = Examples(torch.arange(2), torch.arange(2), torch.zeros(2, 4, dtype=torch.int64))
    encoded: Any = Encoded(vectors, vectors, torch.ones(2, 4, 3))
    step = Step(examples, encoded, encoded, Dot().build(1, 3, torch.Generator()))
    with pytest.raises(ConfigError, match="in_batch_pairs"):
        BilateralSoftmax().loss(step)


def pooled_step(src: Tensor, items: Tensor, dst: list[int], of: list[int], negatives: list[int]) -> Step:
    """Several positives of an anchor."""
    step = step_of(src, items, dst, negatives)
    return replace(step, examples=step.examples._replace(of=torch.tensor(of)))


def test_positives_of_an_anchor_are_pooled() -> None:
    """Cosines 1 and 0 to the two positives, 0 to the negative that is none of them."""
    src, items = torch.tensor([[3.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, -4.0]])
    step = pooled_step(src, items, [0, 1], [0, 0], [0, 1, 2])
    expected = -math.log((math.exp(1 / 0.5) + 1) / 2) + 0.9 * math.log(1)
    found = BilateralSoftmax(temperature=0.5, power=0.9).loss(step)
    assert found.item() == pytest.approx(expected, rel=1e-6)
    penalized = BilateralSoftmax(temperature=0.5, power=0.9, l2=0.1).loss(step)
    assert (penalized - found).item() == pytest.approx(0.05 * (9 + (4 + 1) / 2), rel=1e-5)


def test_means_of_groups_do_not_overflow() -> None:
    scores, of = torch.tensor([500.0, 500.0, -500.0, 7.0]), torch.tensor([0, 0, 1, 1])
    expected = torch.tensor([500.0, 7 - math.log(2)])
    torch.testing.assert_close(log_means(scores, of, 2), expected)


def test_one_positive_each_is_no_pool() -> None:
    step, *tables = random_step(0, corrected=False)
    of = replace(step, examples=step.examples._replace(of=torch.arange(7)))
    losses = [BilateralSoftmax(temperature=0.2).loss(one) for one in (step, of)]
    torch.testing.assert_close(losses[0], losses[1])
    first, second = (torch.autograd.grad(loss, tables, retain_graph=True) for loss in losses)
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
