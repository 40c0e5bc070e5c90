"""The training term that draws two domains' representations together, its schedule, and the rows it needs."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.errors import DataError
from ranking.inputs.inputs import Inputs
from ranking.models.alignment.towers import Separation
from ranking.models.tensors import Batch

#: from source rows [m, r], target rows [n, r] and a strength from 0 to 1 to how far apart they are, a scalar
Discrepancy = Callable[[Tensor, Tensor, float], Tensor]


def strength(progress: float, slope: float = 10.0) -> float:
    """Return λ_p = 2 / (1 + exp(−γ p)) − 1, the strength of alignment: 0 at first, then towards 1.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016, section 5.2.2, for the
    reversed gradient; other discrepancies need it as well. At full strength from the first step, two domains
    are nearest where every row is represented alike, and there the task has no gradient to leave by.

    Args:
        progress: p, the share of training that is done, 0 to 1.
        slope: γ.
    """
    return 2 / (1 + math.exp(-slope * progress)) - 1


class AlignmentTerm(nn.Module):
    """Computes weight · λ_p · discrepancy(source rows, target rows), and adds the losses of the towers.

    Attributes:
        discrepancy: compares the two domains' rows of a batch.
        weight: weight of the discrepancy.
        steps: batches that training takes at most; λ_p grows over them (:func:`strength`).
        slope: γ of λ_p.
        separation: the towers' own losses; None without towers.
        step: batches so far.
    """

    def __init__(
        self,
        discrepancy: Discrepancy,
        weight: float,
        steps: int,
        slope: float,
        separation: Separation | None = None,
    ) -> None:
        super().__init__()
        self.discrepancy, self.weight, self.separation = discrepancy, weight, separation
        self.steps, self.slope, self.step = steps, slope, 0

    def forward(self, representation: Tensor, batch: Batch) -> Tensor:
        """Return the term, a scalar; its discrepancy is 0 where a domain has fewer than two rows.

        Args:
            representation: [b, r], with towers [b, 2 r] (:class:`.SharedTower`).
            batch: the rows, whose domains are read.

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
            representation, original = representation.chunk(2, dim=1)
            total = self.separation(representation, original, batch.domain)
        source, target = (representation[(batch.domain == code).nonzero()[:, 0]] for code in (0, 1))
        if min(len(source), len(target)) >= 2:
            now = strength(min(1.0, self.step / self.steps), self.slope)
            total = total + self.weight * self.discrepancy(source, target, now)
        self.step += 1
        return torch.as_tensor(total)


def check_domains(inputs: Inputs) -> None:
    """Check that every row is of domain 0 or 1, and that both have at least two rows.

    Raises:
        DataError: when that is not so.
    """
    if inputs.domain is None:
        raise DataError(
            "the training rows have no domain to align",
            fix="give Inputs a domain, 0 the source and 1 the target, or leave out alignment",
        )
    codes, counts = np.unique(inputs.domain, return_counts=True)
    if codes.tolist() != [0, 1] or counts.min() < 2:
        by_domain = dict(zip(codes.tolist(), counts.tolist(), strict=True))
        raise DataError(
            f"training rows by domain are {by_domain}, and alignment needs two or more of both 0 and 1",
            fix="add rows of the lacking domain (they may lack a label), or leave out alignment",
        )
