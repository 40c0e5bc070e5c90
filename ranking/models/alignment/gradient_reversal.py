"""Gradient reversal: forward nothing happens, backward the gradient turns round."""

from typing import Any

import torch
from torch import Tensor


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
