"""The interface of samplers, which draw the pairs of each training step."""

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
    """The rows of one training step.

    Attributes:
        src: [batch] int64 source rows.
        dst: [batch] int64 destination rows, each a neighbour of its source.
        negatives: [batch, count] int64 destination rows that are not neighbours of the source.
    """

    src: Tensor
    dst: Tensor
    negatives: Tensor

    def to(self, device: str) -> "PairBatch":
        """Return the same rows on another device."""
        return PairBatch(self.src.to(device), self.dst.to(device), self.negatives.to(device))


class Sampler(Part):
    """Draws batches of pairs.

    An epoch depends on the seed and its number alone, so a resumed run sees the same batches.

    Attributes:
        weights: how it uses the view's weights; by default it takes every pair for a like.
    """

    weights: ClassVar[WeightUse] = "ignored"

    @abstractmethod
    def steps(self, view: BipartiteView, batch_size: int) -> int:
        """Return the number of batches of an epoch."""

    @abstractmethod
    def epoch(self, view: BipartiteView, batch_size: int, *, seed: int, epoch: int) -> Iterator[PairBatch]:
        """Yield the batches of one epoch, at most ``batch_size`` positive pairs each.

        Args:
            view: whose pairs are positive.
            batch_size: positive pairs in a batch.
            seed: of the run.
            epoch: number of the epoch, from 1.
        """
