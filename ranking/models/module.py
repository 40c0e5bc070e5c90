"""What every ranker that is a network is: a representation, and a head that makes a logit of it."""

from abc import ABC, abstractmethod

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
