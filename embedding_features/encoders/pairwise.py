"""The interface of networks that score a pair by more than a metric of its two vectors."""

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from embedding_features.encoders.base import Encoded, Network
from embedding_features.sampling.base import Examples


@dataclass(frozen=True, kw_only=True)
class EncodedPairs(Encoded):
    """Holds the vectors of a step's examples, and the scores that the network gives their pairs.

    Attributes:
        positive: [batch] scores of sources and destinations.
        negative: [batch, count] scores of sources and negatives.
    """

    positive: Tensor
    negative: Tensor


class PairwiseNetwork(Network):
    """A network that scores pairs by itself.

    Its score has no query that an index could search with: what it publishes are vectors whose metric is a
    part of the score, and whoever has the network ranks some candidates by the whole of it.
    """

    @abstractmethod
    def scores(self, src: Tensor, dst: Tensor) -> Tensor:
        """Return the [...] scores of pairs, the higher the more likely.

        Args:
            src: [...] int64 rows of the network.
            dst: [...] int64 rows of the network, broadcast against ``src``.
        """

    def encode(self, examples: Examples) -> tuple[EncodedPairs, Encoded]:
        """Return the vectors of a step's examples with the scores of their pairs; and the vectors."""
        _, plain = super().encode(examples)
        positive = self.scores(examples.src, examples.dst)
        negative = self.scores(examples.src.unsqueeze(1), examples.negatives)
        vectors = plain.src, plain.dst, plain.negatives
        return EncodedPairs(*vectors, positive=positive, negative=negative), plain
