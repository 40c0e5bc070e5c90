"""Shared and private towers on a ranker's representation: domain separation networks.

Bousmalis, Trigeorgis, Silberman, Krishnan & Erhan, Domain Separation Networks, NIPS 2016. The shared tower
learns what the domains have in common, and is aligned; each domain's private tower learns the rest. The
ranker's head reads the shared tower alone, so a served model needs neither the private towers nor the row's
domain.
"""

import torch
from torch import Tensor, nn

from ranking.models.layers import linear, mlp
from ranking.models.module import RankerNetwork
from ranking.models.tensors import Batch


def tower(width: int, hidden: int, generator: torch.Generator) -> nn.Sequential:
    """Return a network from [b, width] to [b, width] with one hidden layer."""
    return nn.Sequential(mlp([width, hidden], generator), linear(hidden, width, generator))


class SharedTower(RankerNetwork):
    """Puts the shared tower between a ranker's representation and its head.

    Args:
        ranker: the ranker's network.
        width: r, columns of its representation.
        hidden: width of the tower's hidden layer.
        generator: draws the tower's weights.
    """

    def __init__(self, ranker: RankerNetwork, width: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.ranker, self.width = ranker, width
        self.shared = tower(width, hidden, generator)

    def represent(self, batch: Batch) -> Tensor:
        """Return [b, 2 r]: the shared tower's output, then the ranker's own representation."""
        own = self.ranker.represent(batch)
        return torch.cat([self.shared(own), own], dim=1)

    def head(self, representation: Tensor) -> Tensor:
        """Return the [b] logits that the ranker's head gives the shared half."""
        return self.ranker.head(representation[:, : self.width])


class Separation(nn.Module):
    """Computes the difference and reconstruction losses of the shared tower and two private ones.

    Each domain has a private tower; one decoder has to reconstruct the representation from the sum of shared
    and private output.

    Args:
        width: r, columns of the representation.
        hidden: width of each tower's hidden layer.
        difference: weight of :func:`difference_loss`.
        reconstruction: weight of :func:`scale_invariant_error`.
        generator: draws all weights.
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
        """Return the weighted losses of both domains, a scalar.

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
            common, original = shared[rows], representation[rows].detach()
            private = private_tower(original)
            total = total + self.difference * difference_loss(common, private)
            rebuilt = self.decoder(common + private)
            total = total + self.reconstruction * scale_invariant_error(original, rebuilt)
        return total


def difference_loss(shared: Tensor, private: Tensor) -> Tensor:
    """Return how far shared and private outputs are from orthogonal: |H_cᵀ H_p|_F² / b², a scalar.

    Bousmalis et al. 2016, eq. 5; columns are centred, then rows made of unit length. It is divided by b² so
    that it does not grow with the batch: 0 when the two are orthogonal, at most 1.

    Args:
        shared: H_c [b, r].
        private: H_p [b, r] of the same rows.
    """
    correlation = _centred_unit_rows(shared).T @ _centred_unit_rows(private) / len(shared)
    return correlation.square().sum()


def _centred_unit_rows(x: Tensor) -> Tensor:
    return nn.functional.normalize(x - x.mean(0), dim=1, eps=1e-6)


def scale_invariant_error(x: Tensor, rebuilt: Tensor) -> Tensor:
    """Return the mean over rows of 1/k |x − x̂|² − 1/k² (Σ (x − x̂))², with k values a row.

    Bousmalis et al. 2016, eq. 4. A row that is off by one constant everywhere costs nothing.
    """
    error = x - rebuilt
    return torch.mean(error.square().mean(1) - error.mean(1).square())
