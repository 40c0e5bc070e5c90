"""The training term that draws two domains' representations together."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from embedding_features.errors import DataError
from ranking.alignment.separation import Separation
from ranking.models.tensors import Batch

#: how far apart [m, r] and [n, r] are, a scalar
Discrepancy = Callable[[Tensor, Tensor], Tensor]


class AlignmentTerm(nn.Module):
    """weight · discrepancy(source rows, target rows), and what the towers add to it.

    Attributes:
        discrepancy: what the two domains' rows of a batch are compared by.
        separation: the towers' own losses; None without towers.
    """

    def __init__(self, discrepancy: Discrepancy, weight: float, separation: Separation | None = None) -> None:
        super().__init__()
        self.discrepancy, self.weight, self.separation = discrepancy, weight, separation

    def forward(self, representation: Tensor, batch: Batch) -> Tensor:
        """A scalar; 0 for a batch in which a domain has fewer than two rows.

        Args:
            representation: [b, r], with towers [b, 2 r] (:class:`ranking.alignment.towers.SharedTower`).

        Raises:
            DataError: when the rows have no domain.
        """
        if batch.domain is None:
            raise DataError(
                "rows without a domain cannot be aligned",
                fix="give Inputs a domain, 0 the source and 1 the target, or leave out alignment",
            )
        total = representation.new_zeros(())
        if self.separation is not None:
            representation, given = representation.chunk(2, dim=1)
            total = self.separation(representation, given, batch.domain)
        source, target = (representation[(batch.domain == code).nonzero()[:, 0]] for code in (0, 1))
        if min(len(source), len(target)) >= 2:
            total = total + self.weight * self.discrepancy(source, target)
        return torch.as_tensor(total)
