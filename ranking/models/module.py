"""The interface of ranker networks: a representation of a batch, and a head that makes logits of it."""

from abc import ABC, abstractmethod
from typing import Any, Self

import torch
from torch import Tensor, nn

from ranking.models.tensors import Batch


class RankerNetwork(nn.Module, ABC):
    """Turns a batch of b rows into logits, by way of a representation [b, r] that the head reads."""

    @abstractmethod
    def represent(self, batch: Batch) -> Tensor:
        """Return the [b, r] representation, which the head reads and which domains are aligned in."""

    @abstractmethod
    def head(self, representation: Tensor) -> Tensor:
        """Return the [b] logits of a representation [b, r]."""

    def representation_width(self, batch: Batch) -> int:
        """Return r, the columns of the representation of rows such as those of ``batch``."""
        training = self.training
        self.eval()
        with torch.no_grad():
            width = self.represent(batch.take(slice(0, 1))).shape[1]
        self.train(training)
        return width

    def forward(self, batch: Batch) -> Tensor:
        """Return the [b] logits of a batch."""
        return self.head(self.represent(batch))

    def eval(self) -> Self:
        """Put the network into eval mode, and do nothing where it is in it already.

        Torch would set the mode of every module again, which takes as long as scoring a request and writes to
        what other threads score with.
        """
        return super().eval() if self.training else self


class ConcatenatedNetwork(RankerNetwork):
    """Represents a batch by several tensors side by side, which its own head reads one by one.

    Concatenating them and splitting their gradients would cost as much as a layer; only who reads the whole
    representation, such as the alignment of domains, pays for it.
    """

    @abstractmethod
    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the representation in parts: [b, r_1], [b, r_2] and so on."""

    @abstractmethod
    def head(self, *parts: Tensor) -> Tensor:
        """Return the [b] logits of a representation, whole or in parts."""

    def represent(self, batch: Batch) -> Tensor:
        """Return the parts concatenated, [b, r]."""
        return torch.cat(self.parts(batch), dim=1)

    def forward(self, batch: Batch) -> Tensor:
        """Return the [b] logits of a batch, without concatenating the parts."""
        return self.head(*self.parts(batch))


class OwnRate(nn.Module):
    """A module whose parameters learn at a rate of their own, and not at the network's.

    Args:
        learning_rate: the rate of its parameters.
        decay: the L2 penalty of its parameters.
    """

    def __init__(self, learning_rate: float, decay: float) -> None:
        super().__init__()
        self.learning_rate, self.decay = learning_rate, decay


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """Return an optimizer's groups: the parameters of a model, then those of each :class:`OwnRate` in it."""
    own = [module for module in model.modules() if isinstance(module, OwnRate)]
    apart = {id(parameter) for module in own for parameter in module.parameters()}
    groups: list[dict[str, Any]] = [{"params": [p for p in model.parameters() if id(p) not in apart]}]
    groups += [
        {"params": list(module.parameters()), "lr": module.learning_rate, "weight_decay": module.decay}
        for module in own
    ]
    return [group for group in groups if group["params"]]
