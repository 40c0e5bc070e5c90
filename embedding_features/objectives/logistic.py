"""The logistic loss of known edges and sampled ones."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import logsigmoid

from embedding_features.objectives.scores import ScoreObjective


class Logistic(ScoreObjective):
    """Tells known edges from sampled ones: mean of −ln σ(s⁺) − mean_j ln σ(−s⁻_j).

    Mikolov et al., NIPS 2013, eq. 4, with the mean over negatives in place of their sum, so that many shared
    ones do not outweigh the edge (as in PyTorch-BigGraph, Lerer et al., SysML 2019, section 3.1).
    """

    kind: Literal["logistic"] = "logistic"

    def of_scores(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        return -(logsigmoid(positive).mean() + logsigmoid(-negatives).mean())
