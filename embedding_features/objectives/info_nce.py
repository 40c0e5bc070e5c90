"""The contrast of two encodings of the same nodes."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import normalize

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step
from embedding_features.objectives.bilateral_softmax import mean_log_sum


class InfoNCE(Objective):
    """Asks that a node's two encodings know each other among the other nodes of the batch.

    loss = weight · (ℓ(distinct sources) + ℓ(distinct destinations)),
    ℓ = mean over nodes n of −cos(a_n, b_n)/τ + ln Σ_m e^{cos(a_n, b_m)/τ}

    a and b are the views of the network, m all nodes that the mean is over (Wu et al., SIGIR 2021, eq. 10;
    Yu et al., SIGIR 2022, eq. 1).

    Attributes:
        temperature: τ; a lower one learns from the nodes that are most alike.
        weight: λ, of the contrast in the loss.
        products: type in which matrices are multiplied; bfloat16 is faster on some processors.
    """

    kind: Literal["info_nce"] = "info_nce"
    temperature: float = Field(default=0.2, gt=0)
    weight: float = Field(default=0.5, ge=0)
    products: Literal["float32", "bfloat16"] = "float32"

    def loss(self, step: Step) -> Tensor:
        """Return the weighted contrast of a batch, a scalar.

        Raises:
            ConfigError: when the network has no two views of the examples.
        """
        if step.encoded.views is None:
            raise ConfigError(
                "info_nce contrasts two encodings, and the encoder makes one",
                fix="take the encoder contrasted_propagation, or leave the loss out",
            )
        one, other = step.encoded.views
        src, dst = first_places(step.examples.src), first_places(step.examples.dst)
        of_sources = self._contrast(one.src[src], other.src[src])
        return self.weight * (of_sources + self._contrast(one.dst[dst], other.dst[dst]))

    def _contrast(self, one: Tensor, other: Tensor) -> Tensor:
        """Return ℓ of [n, dim] encodings and [n, dim] other ones of the same nodes, a scalar."""
        anchors, nodes = normalize(one, dim=1) / self.temperature, normalize(other, dim=1)
        nothing = torch.empty(2, 0, dtype=torch.int64, device=one.device)
        products = torch.bfloat16 if self.products == "bfloat16" else torch.float32
        among = mean_log_sum(anchors, nodes, nothing, products=products)
        return among - (anchors * nodes).sum(1).mean()


def first_places(rows: Tensor) -> Tensor:
    """Return the first place of each distinct value of ``rows`` [n], in the order of the values."""
    ordered, order = torch.sort(rows, stable=True)
    is_new = torch.ones_like(ordered, dtype=torch.bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    return order[is_new]
