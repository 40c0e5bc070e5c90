"""UltraGCN's two losses: by hand, against sums pair by pair, and their gradients."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from embedding_features.encoders import Encoded
from embedding_features.errors import ConfigError
from embedding_features.objectives import Step, WeightedLogistic, WeightedPositives
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step_of(src: Tensor, dst: Tensor, negatives: Tensor, left_out: Tensor, degrees: Tensor | None) -> Step:
    rows = torch.arange(len(src)), torch.arange(len(dst)), torch.arange(len(negatives))
    encoded = Encoded(src, dst, negatives)
    examples = Examples(*rows, left_out=left_out, degrees=degrees)
    return Step(examples, encoded, encoded, Dot().build(1, src.shape[1], torch.Generator()))


def test_golden() -> None:
    """u of degree 3, i of 8, one negative of 15: β = 2/3 · 1/3 and 2/3 · 1/4; scores ln 2 and ln 3."""
    u, i = torch.tensor([[math.log(2), 1.0]]), torch.tensor([[1.0, 0.0]])
    j = torch.tensor([[0.0, math.log(3)]])
    degrees = torch.tensor([3.0, 8.0, 15.0])
    step = step_of(u, i, j, torch.empty(2, 0, dtype=torch.int64), degrees)
    settings = WeightedLogistic(weights=(0.5, 2.0), negative_weights=(0.25, 3.0), negative_weight=10.0)
    known = (0.5 + 2 * 2 / 9) * math.log(1 + 1 / 2)
    unknown = (0.25 + 3 / 6) * math.log(1 + 3)
    assert settings.loss(step).item() == pytest.approx(known + 10 * unknown, rel=1e-6)
    penalized = settings.model_copy(update={"l2": 0.2}).loss(step)
    penalty = 0.1 * ((math.log(2) ** 2 + 1) / 3 + 1 / 8)
    assert (penalized - settings.loss(step)).item() == pytest.approx(penalty, rel=1e-5)


def slow_loss(step: Step, settings: WeightedLogistic) -> Tensor:
    """Pair by pair, negative by negative."""
    assert step.examples.degrees is not None
    assert step.examples.left_out is not None
    of_src, of_dst, of_negatives = step.examples.degrees.split([7, 7, 10])
    out = set(zip(*step.examples.left_out.tolist(), strict=True))
    total = torch.zeros(())
    for u, (vector, degree) in enumerate(zip(step.encoded.src, of_src, strict=True)):
        beta = (degree + 1).sqrt() / degree / (of_dst[u] + 1).sqrt()
        total = total - (settings.weights[0] + settings.weights[1] * beta) * logsigmoid(
            vector @ step.encoded.dst[u] - settings.offset
        )
        for j, other in enumerate(step.encoded.negatives):
            beta = (degree + 1).sqrt() / degree / (of_negatives[j] + 1).sqrt()
            weight = settings.negative_weights[0] + settings.negative_weights[1] * beta
            if (u, j) not in out:
                term = weight * logsigmoid(settings.offset - vector @ other) / len(step.encoded.negatives)
                total = total - settings.negative_weight * term
    return total / len(step.encoded.src)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("block", [1, 25, 1 << 20])
def test_loss_and_gradients_are_those_of_sums_pair_by_pair(
    seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedding_features.objectives.weighted_logistic._BLOCK", block)
    rng = torch.Generator().manual_seed(seed)
    tables = [torch.randn(n, 5, generator=rng).requires_grad_() for n in (7, 7, 10)]
    degrees = torch.randint(1, 9, (24,), generator=rng).float()
    left_out = (torch.rand(7, 10, generator=rng) < 0.3).nonzero().T
    step = step_of(*tables, left_out, degrees)
    settings = WeightedLogistic(
        weights=(0.3, 1.5), negative_weights=(0.2, 0.7), negative_weight=20.0, offset=1.3
    )
    slow = slow_loss(step, settings)
    expected = torch.autograd.grad(slow, tables, retain_graph=True)
    fast = settings.loss(step)
    torch.testing.assert_close(fast, slow)
    for one, other in zip(torch.autograd.grad(fast, tables), expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_examples_without_degrees_are_refused() -> None:
    step = step_of(torch.ones(2, 3), torch.ones(2, 3), torch.ones(4, 3), torch.empty(2, 0), None)
    with pytest.raises(ConfigError, match="degrees: true"):
        WeightedLogistic().loss(step)


def test_positives_count_by_their_weights() -> None:
    """Scores ln 2 and 0, weights 3 and 5: the mean of 3 ln 1.5 and 5 ln 2."""
    src, dst = torch.tensor([[math.log(2)], [1.0]]), torch.tensor([[1.0], [0.0]])
    encoded = Encoded(src, dst, torch.empty(0, 1))
    examples = Examples(torch.arange(2), torch.arange(2), torch.empty(0, dtype=torch.int64))
    compare = Dot().build(1, 1, torch.Generator())
    weighted = Step(examples._replace(weight=torch.tensor([3.0, 5.0])), encoded, encoded, compare)
    expected = (3 * math.log(1.5) + 5 * math.log(2)) / 2
    assert WeightedPositives().loss(weighted).item() == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ConfigError, match="item_neighbours"):
        WeightedPositives().loss(Step(examples, encoded, encoded, compare))
