"""The penalty of a variational autoencoder: how far its latent variables are from the prior."""

from typing import Literal

from pydantic import Field
from torch import Tensor

from embedding_features.encoders.variational_autoencoder import EncodedByLatent
from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step


class LatentDivergence(Objective):
    """Penalizes the divergence KL(N(μ, σ²) ‖ N(0, 1)) of the sources' latent variables.

    β / positives · Σ over sources of ½ Σ (μ² + σ² − 1 − ln σ²), the second term of Liang et al., Variational
    Autoencoders for Collaborative Filtering, WWW 2018, eq. 7, in the scale of a mean over known edges. β
    rises evenly from 0 over the first epochs (annealing, section 2.2.2).

    Attributes:
        weight: β after the rise.
        epochs: of the rise; 1 has β from the start.
    """

    kind: Literal["latent_divergence"] = "latent_divergence"
    weight: float = Field(default=0.2, ge=0)
    epochs: int = Field(default=1, ge=1)

    def loss(self, step: Step) -> Tensor:
        """Return the weighted penalty of a batch, a scalar.

        Raises:
            ConfigError: when the network has no latent variables, or the sampler does not say the epoch.
        """
        encoded, examples = step.encoded, step.examples
        if not isinstance(encoded, EncodedByLatent) or examples.epoch is None:
            raise ConfigError(
                "latent_divergence needs a network with latent variables, and a sampler that says the epoch",
                fix="take the encoder variational_autoencoder and the sampler rows",
            )
        mean, log_variance = encoded.mean, encoded.log_variance
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2
        return self.weight * min(1.0, int(examples.epoch) / self.epochs) * divergence / len(examples.dst)
