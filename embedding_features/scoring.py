"""Relation operators: how the vectors of two nodes become the score of an edge."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor

from embedding_features.config import Part


class Scorer(Part):
    """Scores pairs of vectors; higher is more likely."""

    @abstractmethod
    def score(self, a: Tensor, b: Tensor) -> Tensor:
        """[..., dim] and [..., dim], broadcast against each other → [...]."""


class Dot(Scorer):
    """a · b."""

    kind: Literal["dot"] = "dot"

    def score(self, a: Tensor, b: Tensor) -> Tensor:
        """See :meth:`Scorer.score`."""
        return (a * b).sum(-1)


class Cosine(Scorer):
    """a · b / (|a| |b|); 0 where a vector is 0."""

    kind: Literal["cosine"] = "cosine"

    def score(self, a: Tensor, b: Tensor) -> Tensor:
        """See :meth:`Scorer.score`."""
        return torch.cosine_similarity(a, b, dim=-1, eps=1e-12)
