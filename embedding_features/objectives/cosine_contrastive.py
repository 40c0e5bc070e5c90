"""The contrastive loss of cosines, which forgets negatives that are far enough away."""

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import relu

from embedding_features.objectives.scores import ScoreObjective


class CosineContrastive(ScoreObjective):
    """Draws known edges together, and pushes negatives below a margin (CCL of SimpleX).

    loss = mean of (1 − s⁺) + weight · mean_j max(0, s⁻_j − margin) (Mao et al., SimpleX, CIKM 2021, eq. 1).
    Scores are to be cosines: take the scorer ``cosine``.

    Attributes:
        margin: the cosine below which a negative counts no more.
        weight: of the mean over negatives; that of many negatives is large, as most of them count 0.
    """

    kind: Literal["cosine_contrastive"] = "cosine_contrastive"
    margin: float = Field(default=0.9, ge=-1, le=1)
    weight: float = Field(default=250.0, ge=0)

    def of_scores(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        return (1 - positive).mean() + self.weight * relu(negatives - self.margin).mean()
