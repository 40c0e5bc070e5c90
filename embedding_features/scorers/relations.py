"""Scorers with parameters of their own for each relation."""

from abc import abstractmethod

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.scorers.base import Compare, Scorer
from embedding_features.scorers.metric import ScorerMetric


class RelationScorer(Scorer):
    """Settings of a scorer with parameters for each relation.

    Attributes:
        std: standard deviation of the normal distribution that parameters start from.
    """

    std: float = Field(default=0.1, gt=0)

    @abstractmethod
    def build(self, relations: int, dim: int, generator: torch.Generator) -> "RelationCompare":
        """Build the scorer with fresh parameters; see :meth:`.Scorer.build`."""

    def _draw(self, relations: int, width: int, generator: torch.Generator) -> Tensor:
        """Draw [relations, width] float32."""
        return torch.randn(relations, width, generator=generator) * self.std


class RelationCompare(Compare):
    """A relation operator with its parameters.

    Attributes:
        relations: [relations, width] parameters.
    """

    def __init__(self, relations: Tensor, metric: ScorerMetric) -> None:
        """Take ``relations`` [relations, width] as the parameters."""
        super().__init__(metric)
        self.relations = nn.Parameter(relations)

    @abstractmethod
    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:
        """Return the [..., dim] queries; see :meth:`.Compare.query`."""

    @abstractmethod
    def source_query(self, dst: Tensor, relation: Tensor) -> Tensor:
        """Return the [..., dim] queries that sources are compared with, for a search of the other side.

        The metric of such a query and a source is the score of the edge, up to a number that is the same for
        all sources.

        Args:
            dst: [..., dim] vectors of the targets.
            relation: [...] int64 numbers of the relations.
        """

    def relation_vectors(self) -> Tensor:
        """Return [relations, dim] what is published of the relations: by default the parameters."""
        return self.relations

    def start_from(self, vectors: Tensor) -> Tensor:
        """Return the parameters [..., width] of published vectors [..., dim] of relations."""
        return vectors

    def squared_moduli(self, vectors: Tensor) -> Tensor:
        """Return the [..., components] squared moduli of vectors: by default of real components."""
        return vectors.square()

    def relation_squared_moduli(self, relation: Tensor) -> Tensor:
        """Return the [..., components] squared moduli of the parameters of relations [...] int64."""
        return self.squared_moduli(self.relations[relation])

    def rotated(self, rotation: Tensor) -> "RelationCompare | None":  # noqa: ARG002
        """Return None: by default an operator acts on each coordinate by itself."""
        return None
