"""The softmax over what a batch shares: by hand, against sums pair by pair, and its gradient."""

import math

import pytest
import torch
from torch.nn.functional import normalize

from embedding_features.encoders import Encoded
from embedding_features.errors import ConfigError
from embedding_features.objectives import SharedSoftmax, Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Cosine, Dot

NOTHING = torch.empty((2, 0), dtype=torch.int64)


def step_of(src, items, dst, shared, scorer=None, chances=None, left_out=NOTHING):
    examples = Examples(torch.arange(len(src)), dst, shared, chances=chances, left_out=left_out)
    encoded = Encoded(src, items[dst], items[shared])
    compare = (scorer or Dot()).build(1, src.shape[1], torch.Generator())
    return Step(examples, encoded, encoded, compare)


def test_golden():
    """Scores 2 and 4 of the only source; asked is the first, τ = 2, and each is expected half as often."""
    src, items = torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 0.0], [2.0, 5.0]])
    dst, shared = torch.tensor([0]), torch.tensor([0, 1])
    found = SharedSoftmax(temperature=2.0).loss(step_of(src, items, dst, shared))
    assert found.item() == pytest.approx(math.log(math.e + math.e**2) - 1, rel=1e-6)
    halved = step_of(src, items, dst, shared, chances=torch.tensor([0.5, 0.25]))
    found = SharedSoftmax(temperature=2.0).loss(halved)
    assert found.item() == pytest.approx(math.log(2 * math.e + 4 * math.e**2) - 1, rel=1e-6)
    cosine = SharedSoftmax(temperature=2.0).loss(step_of(src, items, dst, shared, Cosine()))
    assert cosine.item() == pytest.approx(math.log(math.e**0.5 + math.exp(1 / math.sqrt(29))) - 0.5, rel=1e-6)


@pytest.mark.parametrize("scorer", [Dot(), Cosine()])
def test_loss_and_gradient_are_those_of_the_sums_written_out(scorer):
    rng = torch.Generator().manual_seed(0)
    src, items = (torch.randn(n, 5, generator=rng).requires_grad_() for n in (7, 9))
    dst, shared = torch.randint(0, 9, (7,), generator=rng), torch.arange(9)
    chances = torch.rand(9, generator=rng) + 0.1
    out = (torch.rand(7, 9, generator=rng) < 0.3) & (dst[:, None] != shared)
    step = step_of(src, items, dst, shared, scorer, chances, out.nonzero().T)
    found = SharedSoftmax(temperature=0.7).loss(step)
    q, x = (normalize(src, dim=1), normalize(items, dim=1)) if scorer.kind == "cosine" else (src, items)
    scores = q @ x.T / 0.7
    among = (scores - chances.log()).masked_fill(out, -math.inf).logsumexp(1)
    expected = (among - scores[torch.arange(7), dst]).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    for ours, theirs in zip(
        torch.autograd.grad(found, [src, items]), torch.autograd.grad(expected, [src, items]), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_negatives_of_each_pair_are_refused():
    src, items = torch.ones(2, 2), torch.ones(3, 2)
    step = step_of(src, items, torch.tensor([0, 1]), torch.tensor([[0], [1]]))
    with pytest.raises(ConfigError, match="shared_softmax needs nodes that a batch shares"):
        SharedSoftmax().loss(step)
