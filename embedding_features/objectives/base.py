"""The interface of objectives, the losses of trained methods."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from embedding_features.config import METHOD_PLUG_INS, Part
from embedding_features.encoders.base import Encoded
from embedding_features.sampling.base import Examples
from embedding_features.scorers.base import Compare


@dataclass(frozen=True)
class Step:
    """Holds what a loss may look at.

    Attributes:
        examples: rows of the step.
        encoded: their vectors.
        ego: their parameters of layer 0, for weight decay; ``encoded`` itself for a lookup.
        compare: the scorer.
    """

    examples: Examples
    encoded: Encoded
    ego: Encoded
    compare: Compare

    @cached_property
    def queries(self) -> Tensor:
        """The [batch, dim] queries of the anchors."""
        return self.compare.query(self.encoded.src, self.examples.relation)

    @cached_property
    def positive(self) -> Tensor:
        """The [positives] scores of the positives."""
        return self.compare.paired(self._of_positives(self.queries), self.encoded.dst)

    @cached_property
    def negative(self) -> Tensor:
        """The [positives, count] scores of the negatives; −∞ where a shared one is left out."""
        rows, vectors = self.examples.negatives, self.encoded.negatives
        if rows.ndim == 2 and len(rows) == len(self.queries):
            return self.compare.paired(self.queries.unsqueeze(1), vectors)
        if rows.ndim == 2:
            return self._by_chunks(rows, vectors)
        scores = self.compare.cross(self.queries, vectors)
        if self.examples.left_out is not None:
            places = tuple(self.examples.left_out)
            return self._of_positives(scores.index_put(places, scores.new_tensor(float("-inf"))))
        own = rows == self.examples.dst.unsqueeze(1)
        return self._of_positives(scores).masked_fill(own, float("-inf"))

    def _by_chunks(self, rows: Tensor, vectors: Tensor) -> Tensor:
        """Return the scores of the [chunks, count] negatives, which each chunk of the batch shares."""
        chunks = (tensor.tensor_split(len(rows)) for tensor in (self.queries, self.examples.dst))
        scores = [
            self.compare.cross(queries, shared).masked_fill(row == dst.unsqueeze(1), float("-inf"))
            for queries, dst, row, shared in zip(*chunks, rows, vectors, strict=True)
        ]
        return torch.cat(scores)

    def _of_positives(self, by_anchor: Tensor) -> Tensor:
        """Return the row of each positive's anchor."""
        return by_anchor if self.examples.of is None else by_anchor.index_select(0, self.examples.of)


class Objective(Part):
    """Computes a loss, or a penalty that is added to one."""

    plug_ins: ClassVar[str] = METHOD_PLUG_INS

    @abstractmethod
    def loss(self, step: Step) -> Tensor:
        """Return the mean loss of a batch, a scalar."""
