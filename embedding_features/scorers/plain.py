"""Scores of two vectors that no relation changes."""

from typing import Literal

import torch
from torch import Tensor

from embedding_features.scorers.base import Compare, Scorer


class Dot(Scorer):
    """Scores by the dot product a · b."""

    kind: Literal["dot"] = "dot"
    metric: Literal["dot"] = "dot"

    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Plain":  # noqa: ARG002
        """Build the scorer, which has no parameters."""
        return Plain(self.metric)


class Cosine(Scorer):
    """Scores by the cosine a · b / (|a| |b|), which is 0 where a vector is 0."""

    kind: Literal["cosine"] = "cosine"
    metric: Literal["cosine"] = "cosine"

    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Plain":  # noqa: ARG002
        """Build the scorer, which has no parameters."""
        return Plain(self.metric)


class Plain(Compare):
    """Compares the source itself with the target."""

    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:  # noqa: ARG002
        """Return the sources."""
        return src

    def rotated(self, rotation: Tensor) -> "Plain":  # noqa: ARG002
        """Return itself: a rotation changes neither dot products nor cosines."""
        return self
