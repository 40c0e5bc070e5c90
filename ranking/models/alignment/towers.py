"""A ranker whose head reads a shared tower."""

import torch
from torch import Tensor

from ranking.models.alignment.separation import tower
from ranking.models.module import RankerNetwork
from ranking.models.tensors import Batch


class SharedTower(RankerNetwork):
    """A ranker with the shared tower of :mod:`.separation` between its two halves.

    b rows, r the ranker's own representation.
    """

    def __init__(self, ranker: RankerNetwork, width: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.ranker, self.read = ranker, width
        self.shared = tower(width, hidden, generator)

    def represent(self, batch: Batch) -> Tensor:
        """[b, 2 r]: what is shared, and beside it what the private towers start from."""
        own = self.ranker.represent(batch)
        return torch.cat([self.shared(own), own], dim=1)

    def head(self, representation: Tensor) -> Tensor:
        """[b] logits, of the first half."""
        return self.ranker.head(representation[:, : self.read])
