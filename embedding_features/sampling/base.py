"""What every sampler is."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from embedding_features.config import Part
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse


@dataclass(frozen=True)
class PairBatch:
    """Rows of one training step.

    Attributes:
        src: [batch] int64 source rows.
        dst: [batch] int64 destination rows, each a neighbour of its source.
        negatives: [batch, count] int64 destination rows that are not neighbours of the source.
    """

    src: Tensor
    dst: Tensor
    negatives: Tensor

    def to(self, device: str) -> "PairBatch":
        """The same rows on another device."""
        return PairBatch(self.src.to(device), self.dst.to(device), self.negatives.to(device))


class Sampler(Part):
    """Batches of pairs. An epoch is a function of seed and epoch alone, so a resumed run sees the same.

    Attributes:
        weights: what it makes of the view's weights; one that says nothing takes every pair for a like.
    """

    weights: ClassVar[WeightUse] = "ignored"

    @abstractmethod
    def steps(self, view: BipartiteView, batch_size: int) -> int:
        """Number of batches of an epoch."""

    @abstractmethod
    def epoch(self, view: BipartiteView, batch_size: int, *, seed: int, epoch: int) -> Iterator[PairBatch]:
        """The batches of one epoch, at most ``batch_size`` positive pairs each."""
