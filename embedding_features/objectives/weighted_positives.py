"""The logistic loss of weighted positives, without negatives."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step


class WeightedPositives(Objective):
    """Raises scores of positives as their weights say: mean of −ω ln σ(s) (Mao et al., CIKM 2021, eq. 14).

    UltraGCN's loss of item neighbours. It needs another loss beside it, which keeps scores low.
    """

    kind: Literal["weighted_positives"] = "weighted_positives"

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar.

        Raises:
            ConfigError: when the examples have no weights.
        """
        weight = step.examples.weight
        if weight is None:
            raise ConfigError(
                "weighted_positives needs weights of the examples", fix="take the sampler item_neighbours"
            )
        return (weight * softplus(-step.positive)).mean()
