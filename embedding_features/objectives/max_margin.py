"""The max-margin loss with negatives that a batch shares and hard ones beside them."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.objectives.base import Step
from embedding_features.objectives.margin import Margin


class MaxMargin(Margin):
    """Asks that a known edge outscores each negative, shared or an anchor's own, by a margin.

    Mean over all of max(0, s⁻ − s⁺ + margin) (Ying et al., KDD 2018, eq. 1). Shared negatives that an anchor
    is known to have an edge to count as 0.
    """

    kind: Literal["max_margin"] = "max_margin"  # type: ignore[assignment]

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar."""
        scores, left_out, hard = step.negative, step.examples.left_out, step.encoded.hard
        if left_out is not None:
            scores = scores.index_put(tuple(left_out), scores.new_tensor(float("-inf")))
        if hard is not None:
            scores = torch.cat([scores, step.compare.paired(step.queries.unsqueeze(1), hard)], 1)
        return self.of_scores(step.positive, scores)
