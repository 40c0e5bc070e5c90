"""The softmax over a known edge and its sampled negatives."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from embedding_features.objectives.scores import ScoreObjective


class SampledSoftmax(ScoreObjective):
    """Asks for the known edge among its negatives: mean of −ln (e^{s⁺/τ} / (e^{s⁺/τ} + Σ_j e^{s⁻_j/τ})).

    With all other nodes as negatives it is the 1-vs-all loss (Lacroix, Usunier & Obozinski, Canonical Tensor
    Decomposition for Knowledge Base Completion, ICML 2018, section 2), see :func:`.one_vs_all_loss`.

    Attributes:
        temperature: τ.
    """

    kind: Literal["sampled_softmax"] = "sampled_softmax"
    temperature: float = Field(default=1.0, gt=0)

    def of_scores(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the loss of a batch, a scalar."""
        scores = torch.cat([positive.unsqueeze(1), negatives], dim=1) / self.temperature
        return (scores.logsumexp(dim=1) - scores[:, 0]).mean()
