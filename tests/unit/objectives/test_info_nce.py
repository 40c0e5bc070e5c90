"""The contrast of two encodings: by hand, against sums node by node, and its gradient."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from embedding_features.encoders import Encoded
from embedding_features.errors import ConfigError
from embedding_features.objectives import InfoNCE, Step
from embedding_features.objectives.info_nce import first_places
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step_of(src: list[int], dst: list[int], one: Tensor, other: Tensor) -> Step:
    """Two views by [nodes, dim] tables."""
    rows = torch.tensor(src), torch.tensor(dst)
    first, second = (Encoded(table[rows[0]], table[rows[1]], table[rows[1]]) for table in (one, other))
    encoded = replace(first, views=(first, second))
    return Step(Examples(*rows, rows[1]), encoded, encoded, Dot().build(1, one.shape[1], torch.Generator()))


def test_golden() -> None:
    """Users 0 and 1 are as far apart as can be and know themselves by the cosine 1; item 2 is alone."""
    one = torch.tensor([[2.0, 0.0], [-1.0, 0.0], [0.0, 3.0]])
    other = torch.tensor([[0.5, 0.0], [-7.0, 0.0], [1.0, 0.0]])
    loss = InfoNCE(temperature=0.5, weight=0.3).loss(step_of([0, 1, 1], [2, 2, 2], one, other))
    of_users = -1 / 0.5 + math.log(math.exp(1 / 0.5) + math.exp(-1 / 0.5))
    assert loss.item() == pytest.approx(0.3 * (of_users + 0.0), rel=1e-5)


def slow_loss(step: Step, temperature: float) -> Tensor:
    assert step.encoded.views is not None
    total = torch.zeros(())
    for side in ("src", "dst"):
        rows = getattr(step.examples, side).tolist()
        one, other = (dict(zip(rows, getattr(view, side), strict=True)) for view in step.encoded.views)
        losses = []
        for node, anchor in one.items():
            cosines = torch.stack([cosine_similarity(anchor, b, dim=0) for b in other.values()])
            own = cosine_similarity(anchor, other[node], dim=0)
            losses.append((cosines / temperature).exp().sum().log() - own / temperature)
        total = total + torch.stack(losses).mean()
    return total


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [1, 20, 1 << 20])
def test_loss_and_gradients_are_those_of_sums_node_by_node(
    seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedding_features.objectives.bilateral_softmax._BLOCK", block)
    rng = torch.Generator().manual_seed(seed)
    tables = [torch.randn(9, 5, generator=rng).requires_grad_() for _ in range(2)]
    src, dst = (torch.randint(low, high, (12,), generator=rng).tolist() for low, high in ((0, 5), (5, 9)))
    step = step_of(src, dst, *tables)
    slow = 0.7 * slow_loss(step, 0.3)
    fast = InfoNCE(temperature=0.3, weight=0.7).loss(step)
    torch.testing.assert_close(fast, slow)
    expected = torch.autograd.grad(slow, tables, retain_graph=True)
    for one, exact in zip(torch.autograd.grad(fast, tables), expected, strict=True):
        torch.testing.assert_close(one, exact, atol=1e-5, rtol=1e-4)


def test_products_in_bfloat16_are_near() -> None:
    rng = torch.Generator().manual_seed(0)
    one, other = (torch.randn(40, 8, generator=rng) for _ in range(2))
    step = step_of(list(range(20)), list(range(20, 40)), one, other)
    exact, rough = (InfoNCE(products=products).loss(step) for products in ("float32", "bfloat16"))
    assert 0 < abs(rough - exact) < 0.02 * exact


def test_first_places() -> None:
    assert first_places(torch.tensor([4, 2, 4, 9, 2])).tolist() == [1, 0, 3]


def test_an_encoder_without_views_is_refused() -> None:
    step = step_of([0], [1], torch.ones(2, 3), torch.ones(2, 3))
    with pytest.raises(ConfigError, match="contrasted_propagation"):
        InfoNCE().loss(replace(step, encoded=replace(step.encoded, views=None)))
