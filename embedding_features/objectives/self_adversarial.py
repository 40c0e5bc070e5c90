"""The loss of RotatE, in which hard negatives weigh more."""

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import logsigmoid

from embedding_features.objectives.scores import ScoreObjective


class SelfAdversarial(ScoreObjective):
    """Weighs each negative by its own softmax among the edge's negatives, which has no gradient.

    loss = mean of ½ (−ln σ(γ + s⁺) − Σ_j p_j ln σ(−γ − s⁻_j)), p = softmax_j(temperature · s⁻_j), for scores
    that are minus a distance (Sun et al., RotatE, ICLR 2019, eq. 5; the half is their code's).

    Attributes:
        margin: γ: the distance at which an edge is as likely as not.
        temperature: α of the weights; 0 weighs all negatives alike.
    """

    kind: Literal["self_adversarial"] = "self_adversarial"
    margin: float = Field(default=9.0, ge=0)
    temperature: float = Field(default=1.0, ge=0)

    def of_scores(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        weight = (self.temperature * negatives.detach()).softmax(dim=1)
        known = logsigmoid(self.margin + positive)
        unknown = (weight * logsigmoid(-self.margin - negatives)).sum(dim=1)
        return -0.5 * (known + unknown).mean()
