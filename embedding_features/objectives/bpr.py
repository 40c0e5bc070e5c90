"""Bayesian personalized ranking."""

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from embedding_features.objectives.base import Objective, Step


class BPR(Objective):
    """Asks that a known edge outscores an unknown one (Rendle et al. 2009, BPR-Opt, section 4.1).

    loss = mean over pairs of −ln σ(s(u, i) − s(u, j))
         + l2 / 2 · mean over positive pairs of |u|² + |i|² + |j|²

    with the parameters (layer 0) of the batch in the second line, as in LightGCN (He et al. 2020, eq. 15).
    Of several negatives j both lines take the mean; negatives are the pairs' own.

    Attributes:
        l2: weight of the penalty; raise it where training pairs are fitted better and better while
            validation falls.
    """

    kind: Literal["bpr"] = "bpr"
    l2: float = Field(default=1e-4, ge=0)

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar."""
        ranking = softplus(step.negative - step.positive.unsqueeze(1)).mean()
        ego, count = step.ego, step.negative.shape[1]
        squares = ego.src.square().sum() + ego.dst.square().sum() + ego.negatives.square().sum() / count
        return ranking + 0.5 * self.l2 * squares / len(ego.src)
