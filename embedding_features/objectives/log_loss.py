"""The log loss of known pairs and sampled ones, each an example of its own."""

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import logsigmoid

from embedding_features.encoders.pairwise import EncodedPairs
from embedding_features.objectives.base import Objective, Step


class LogLoss(Objective):
    """Tells known pairs from sampled ones (He et al., Neural Collaborative Filtering, WWW 2017, eq. 7).

    loss = mean over pairs and negatives of −ln σ(s⁺) or −ln σ(−s⁻)
         + l2 / 2 · mean over pairs of |u|² + |i|² + Σ_j |j|² / negatives

    Negatives are the pairs' own, and count as much as a pair each. Where the network scores pairs by itself,
    s is its score, and the same mean of the scorer's is added: so that the vectors, which are compared by the
    scorer, find what the network ranks.

    Attributes:
        l2: weight of the penalty on the parameters (layer 0) of the batch.
    """

    kind: Literal["log_loss"] = "log_loss"
    l2: float = Field(default=0.0, ge=0)

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar."""
        total = _log_loss(step.positive, step.negative)
        if isinstance(step.encoded, EncodedPairs):
            total = total + _log_loss(step.encoded.positive, step.encoded.negative)
        ego, (pairs, count) = step.ego, step.negative.shape
        squares = ego.src.square().sum() + ego.dst.square().sum() + ego.negatives.square().sum() / count
        return total + 0.5 * self.l2 * squares / pairs


def _log_loss(positive: Tensor, negative: Tensor) -> Tensor:
    total = logsigmoid(positive).sum() + logsigmoid(-negative).sum()
    return -total / (positive.numel() + negative.numel())
