"""Weight decay of some parameters alone, as a part of their gradient."""

from typing import Any, cast

import torch
from torch import Tensor


def decayed(weight: Tensor, strength: float) -> Tensor:
    """Return ``weight`` itself, whose gradient gets ``strength`` times the weight: that of λ/2 |W|²."""
    return cast(Tensor, _Decayed.apply(weight, strength))  # type: ignore[no-untyped-call]


class _Decayed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, strength: float) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.strength = strength
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        return grads[0] + ctx.strength * weight, None
