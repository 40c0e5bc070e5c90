"""Adagrad of tables of which a step touches some rows."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from embedding_features.training.row_adagrad_kernel import step_rows

#: added to the root of the squares, as torch's Adagrad does
_EPSILON = 1e-10


class RowAdagrad(torch.optim.Optimizer):
    """Adagrad (Duchi, Hazan & Singer, JMLR 2011) that visits the rows with a gradient alone.

    What has no gradient does not move by Adagrad, so a table ends as by ``torch.optim.Adagrad``, in time
    proportional to the rows that a step touches. Dense gradients are taken as well. On the CPU, in float32.

    Args:
        parameters: tables [rows, dim] with the gradients of :func:`.distinct_rows`, and other parameters.
        lr: learning rate.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float = 0.1) -> None:
        super().__init__(parameters, {"lr": lr})
        for group in self.param_groups:
            for parameter in group["params"]:
                self.state[parameter]["sum"] = torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step along the gradients."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._descend(parameter, parameter.grad, group["lr"])
        return loss

    def _descend(self, parameter: Tensor, gradient: Tensor, lr: float) -> None:
        squares = self.state[parameter]["sum"]
        if gradient.is_sparse:
            gradient = gradient.coalesce()
            rows, values = gradient.indices()[0].numpy(), gradient.values().contiguous().numpy()
            step_rows(parameter.numpy(), squares.numpy(), rows, values, lr, _EPSILON)
        else:
            squares.addcmul_(gradient, gradient)
            parameter.addcdiv_(gradient, squares.sqrt().add_(_EPSILON), value=-lr)
