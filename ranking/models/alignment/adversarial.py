"""Domain-adversarial training: a classifier of domains behind a reversed gradient."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ranking.models.layers import linear, mlp


class _GradientReversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """``x`` itself, whose gradient is that of the result times −``strength``.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016, section 4.2, eq. 16–17.
    """
    turned: Tensor = _GradientReversal.apply(x, strength)  # type: ignore[no-untyped-call]
    return turned


class DomainClassifier(nn.Module):
    """Learns to tell the domains apart, while what it is given learns that it cannot.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016. The loss is the mean of the
    two domains' mean log losses, so that the smaller domain weighs as much; log 2 when nothing can be told.
    """

    def __init__(self, width: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.network = nn.Sequential(mlp([width, hidden], generator), linear(hidden, 1, generator))

    def forward(self, source: Tensor, target: Tensor, strength: float) -> Tensor:
        """[m, width] and [n, width] to the scalar loss, whose gradient below is −``strength`` times."""
        logits = self.network(reverse_gradient(torch.cat([source, target]), strength))[:, 0]
        mistaken = softplus(logits[: len(source)]).mean() + softplus(-logits[len(source) :]).mean()
        return mistaken / 2
