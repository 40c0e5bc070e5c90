"""Relation operators, which turn the vectors of two nodes into the score of an edge."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor

from embedding_features.config import Part


class Scorer(Part):
    """Scores pairs of vectors; a higher score is a more likely edge."""

    @abstractmethod
    def score(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the [...] scores of vectors [..., dim] and [..., dim], broadcast against each other."""


class Dot(Scorer):
    """Scores by the dot product a · b."""

    kind: Literal["dot"] = "dot"

    def score(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the scores of pairs; see :meth:`Scorer.score`."""
        return (a * b).sum(-1)


class Cosine(Scorer):
    """Scores by the cosine a · b / (|a| |b|), which is 0 where a vector is 0."""

    kind: Literal["cosine"] = "cosine"

    def score(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the scores of pairs; see :meth:`Scorer.score`."""
        return torch.cosine_similarity(a, b, dim=-1, eps=1e-12)
