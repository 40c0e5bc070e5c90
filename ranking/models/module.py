"""What every ranker that is a network is: a representation, and a head that makes a logit of it."""

from abc import ABC, abstractmethod
from typing import Any, Self

import torch
from torch import Tensor, nn

from ranking.models.tensors import Batch


class RankerNetwork(nn.Module, ABC):
    """From a batch of b rows to logits, through the layer that meets last."""

    @abstractmethod
    def represent(self, batch: Batch) -> Tensor:
        """[b, r] what the head reads; terms of the loss that align domains look at it."""

    @abstractmethod
    def head(self, representation: Tensor) -> Tensor:
        """[b] logits of [b, r] representations."""

    def width(self, batch: Batch) -> int:
        """r, of the representations of rows such as ``batch``'s."""
        training = self.training
        self.eval()
        with torch.no_grad():
            found = self.represent(batch.take(slice(0, 1))).shape[1]
        self.train(training)
        return found

    def forward(self, batch: Batch) -> Tensor:
        """[b] logits."""
        return self.head(self.represent(batch))

    def eval(self) -> Self:
        """As torch's, but a network in eval mode is left alone: telling all its modules takes as long as
        scoring a request, and writes to what other threads score with.
        """
        return super().eval() if self.training else self


class ConcatenatedNetwork(RankerNetwork):
    """A network whose representation is several parts side by side, which its own head reads as they are:
    putting them together and taking their gradients apart would cost as much as a layer."""

    @abstractmethod
    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """The representation in parts [b, r_1], [b, r_2] …"""

    @abstractmethod
    def head(self, *parts: Tensor) -> Tensor:
        """[b] logits of a representation, whole or in parts."""

    def represent(self, batch: Batch) -> Tensor:
        """[b, r]."""
        return torch.cat(self.parts(batch), dim=1)

    def forward(self, batch: Batch) -> Tensor:
        """[b] logits."""
        return self.head(*self.parts(batch))


class OwnRate(nn.Module):
    """A part of a network whose parameters learn at a rate and with a decay of their own."""

    def __init__(self, learning_rate: float, decay: float) -> None:
        super().__init__()
        self.learning_rate, self.decay = learning_rate, decay


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """Groups of an optimizer: a module's parameters, then those of each :class:`OwnRate` in it."""
    own = [module for module in model.modules() if isinstance(module, OwnRate)]
    apart = {id(parameter) for module in own for parameter in module.parameters()}
    groups: list[dict[str, Any]] = [{"params": [p for p in model.parameters() if id(p) not in apart]}]
    groups += [
        {"params": list(module.parameters()), "lr": module.learning_rate, "weight_decay": module.decay}
        for module in own
    ]
    return [group for group in groups if group["params"]]
