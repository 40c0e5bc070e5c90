"""The margin ranking loss."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from embedding_features.objectives.scores import ScoreObjective


class Margin(ScoreObjective):
    """Asks that a known edge outscores each negative by a margin: mean of max(0, margin − s⁺ + s⁻).

    Bordes et al., Translating Embeddings for Modeling Multi-relational Data, NIPS 2013, eq. 1, with the mean
    over negatives in place of their sum.

    Attributes:
        margin: in units of the score.
    """

    kind: Literal["margin"] = "margin"
    margin: float = Field(default=1.0, gt=0)

    def of_scores(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        return (self.margin - positive.unsqueeze(1) + negatives).clamp(min=0).mean()
