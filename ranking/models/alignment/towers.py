"""Shared and private towers on a ranker's representation.

Bousmalis, Trigeorgis, Silberman, Krishnan & Erhan, Domain Separation Networks, NIPS 2016. The ranker's head
reads the shared tower alone, so a served model needs neither the private towers nor the row's domain.
"""

import torch
from torch import Tensor, nn

from ranking.models.layers import linear, mlp
from ranking.models.module import RankerNetwork
from ranking.models.tensors import Batch


def tower(width: int, hidden: int, generator: torch.Generator) -> nn.Sequential:
    """[b, width] to [b, width] through one hidden layer."""
    return nn.Sequential(mlp([width, hidden], generator), linear(hidden, width, generator))


class Separation(nn.Module):
    """What the towers are trained by, beside the task and the alignment of the shared one.

    b rows, r the representation's width. Each domain has a private tower; one decoder has to give the
    representation back from shared + private.
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        difference: float,
        reconstruction: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.private = nn.ModuleList(tower(width, hidden, generator) for _ in range(2))
        self.decoder = tower(width, hidden, generator)
        self.difference, self.reconstruction = difference, reconstruction

    def forward(self, shared: Tensor, representation: Tensor, domain: Tensor) -> Tensor:
        """Weighted difference and reconstruction losses of both domains, a scalar.

        Args:
            shared: [b, r] the shared tower's output.
            representation: [b, r] its input, here a constant: the ranker learns through the shared tower.
            domain: [b] 0 or 1.
        """
        total = shared.new_zeros(())
        for code, private_tower in enumerate(self.private):
            rows = (domain == code).nonzero()[:, 0]
            if len(rows) == 0:
                continue
            common, given = shared[rows], representation[rows].detach()
            private = private_tower(given)
            total = total + self.difference * difference_loss(common, private)
            rebuilt = self.decoder(common + private)
            total = total + self.reconstruction * scale_invariant_error(given, rebuilt)
        return total


def difference_loss(shared: Tensor, private: Tensor) -> Tensor:
    """|H_cᵀ H_p|_F² / b² (Bousmalis et al. 2016, eq. 5), columns centred, then rows of unit length.

    Divided by b², so that it does not grow with the batch: 0 when the two are orthogonal, at most 1.

    Args:
        shared, private: [b, r] of the same rows.
    """
    correlation = _unit(shared).T @ _unit(private) / len(shared)
    return correlation.square().sum()


def _unit(x: Tensor) -> Tensor:
    return nn.functional.normalize(x - x.mean(0), dim=1, eps=1e-6)


def scale_invariant_error(x: Tensor, rebuilt: Tensor) -> Tensor:
    """Mean over rows of 1/k |x − x̂|² − 1/k² (Σ (x − x̂))² (Bousmalis et al. 2016, eq. 4), k values a row.

    A row that is off by one constant everywhere costs nothing.
    """
    error = x - rebuilt
    return torch.mean(error.square().mean(1) - error.mean(1).square())


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
