"""The interface of losses that look at scores alone, whatever made them."""

from abc import abstractmethod

from torch import Tensor

from embedding_features.objectives.base import Objective, Step


class ScoreObjective(Objective):
    """Computes a loss from the scores of known edges and of sampled ones."""

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar."""
        return self.of_scores(step.positive, step.negative)

    @abstractmethod
    def of_scores(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        Args:
            positive: [batch] scores of known edges.
            negatives: [batch, count] scores of each one's negatives.
        """
