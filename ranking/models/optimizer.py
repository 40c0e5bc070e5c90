"""The optimizer of torch rankers, and how gradients are cleared between its steps."""

from collections.abc import Sequence

import torch
from torch import nn

from ranking.models.module import parameter_groups

#: elements from which on a parameter's gradient keeps its memory from step to step
LARGE = 2**18


def make_optimizer(learners: Sequence[object], learning_rate: float, decay: float) -> torch.optim.Optimizer:
    """Return Adam over the parameters of those learners that are modules.

    Args:
        learners: network, terms of the loss and their balance; plain functions have nothing to train.
        learning_rate: learning rate of all parameters but those of an :class:`.OwnRate`.
        decay: L2 penalty of the same parameters.
    """
    modules = [learner for learner in learners if isinstance(learner, nn.Module)]
    return torch.optim.Adam(
        [group for module in modules for group in parameter_groups(module)],
        lr=learning_rate,
        weight_decay=decay,
        fused=True,
    )


def clear_gradients(optimizer: torch.optim.Optimizer) -> None:
    """Drop gradients, but zero large ones in place: allocating them each step takes ten times as long."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is None or parameter.numel() < LARGE:
                parameter.grad = None
            else:
                parameter.grad.zero_()
