"""The loss of deep graph infomax."""

from typing import Literal

from torch import Tensor
from torch.nn.functional import softplus

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step


class Infomax(Objective):
    """Tells the vectors of nodes from those of a corrupted graph, by the summary of the true one.

    mean of −ln σ(⟨h, W s⟩) − ln σ(−⟨h̃, W s⟩): Veličković et al., Deep Graph Infomax, ICLR 2019, eq. 1; W s is
    what the network's discriminator makes of the summary.
    """

    kind: Literal["infomax"] = "infomax"

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar.

        Raises:
            ConfigError: when the encoder makes no corrupted view.
        """
        if step.encoded.views is None:
            raise ConfigError("infomax needs the corrupted view of a network", fix="take the encoder dgi")
        true, corrupted = step.encoded.views
        known, wrong = ((view.src * true.dst).sum(1) for view in (true, corrupted))
        return softplus(-known).mean() + softplus(wrong).mean()
