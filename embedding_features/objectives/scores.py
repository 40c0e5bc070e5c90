"""The interface of losses that look at scores alone, whatever made them."""

from abc import abstractmethod

from torch import Tensor

from embedding_features.config import Part


class ScoreObjective(Part):
    """Computes a loss from the scores of known edges and of sampled ones."""

    @abstractmethod
    def loss(self, positive: Tensor, negatives: Tensor) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        Args:
            positive: [batch] scores of known edges.
            negatives: [batch, count] scores of each one's negatives.
        """
