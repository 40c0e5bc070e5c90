"""The interface of objectives, the losses of trained methods."""

from abc import abstractmethod
from typing import NamedTuple

from torch import Tensor

from embedding_features.config import Part
from embedding_features.scoring import Scorer


class PairVectors(NamedTuple):
    """The vectors of a batch of pairs.

    Attributes:
        src: [batch, dim].
        dst: [batch, dim].
        negatives: [batch, count, dim].
    """

    src: Tensor
    dst: Tensor
    negatives: Tensor


class Objective(Part):
    """Computes a loss over pairs."""

    @abstractmethod
    def loss(self, vectors: PairVectors, ego: PairVectors, scorer: Scorer) -> Tensor:
        """Return the mean loss of a batch, a scalar.

        Args:
            vectors: the encoder's vectors of the batch's nodes.
            ego: their trained parameters (layer 0), for weight decay; ``vectors`` itself for a lookup.
            scorer: how two vectors are scored.
        """
