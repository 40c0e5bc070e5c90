"""The softmax of a known edge among the nodes that a batch shares."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import normalize

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step
from embedding_features.objectives.bilateral_softmax import mean_log_sum


class SharedSoftmax(Objective):
    """Asks for the known edge among the nodes that its batch shares, itself one of them.

    loss = mean over positives of −s(q, t)/τ + ln Σ_j e^{s(q, j)/τ} / p_j

    s is the metric of the scorer, dot or cosine, and the sum is over all that is shared and not left out.
    With the whole catalogue shared it is the cross-entropy; with drawn nodes, p_j being how often each is
    expected among them, the sampled softmax as Yi et al., RecSys 2019, eq. 3, correct it (logQ).

    Attributes:
        temperature: τ.
        products: type in which matrices are multiplied; bfloat16 is faster on some processors, and its
            roundings are below the noise of a step.
    """

    kind: Literal["shared_softmax"] = "shared_softmax"
    temperature: float = Field(default=1.0, gt=0)
    products: Literal["float32", "bfloat16"] = "float32"

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar.

        Raises:
            ConfigError: when the batch shares no nodes, or the metric is neither dot nor cosine.
        """
        examples, metric = step.examples, step.compare.metric
        if examples.left_out is None or examples.negatives.ndim != 1 or metric not in ("dot", "cosine"):
            raise ConfigError(
                f"shared_softmax needs nodes that a batch shares and a metric of dot or cosine, not {metric}",
                fix="take the sampler next_items, future_items or in_batch_pairs",
            )
        queries, targets, nodes = step.queries, step.encoded.dst, step.encoded.negatives
        if metric == "cosine":
            queries, targets, nodes = (normalize(part, dim=1) for part in (queries, targets, nodes))
        queries = queries / self.temperature
        among = mean_log_sum(
            queries,
            nodes,
            examples.left_out,
            chances=examples.chances,
            products=torch.bfloat16 if self.products == "bfloat16" else torch.float32,
        )
        return among - (queries * targets).sum(1).mean()
