"""The interface of relation operators: score = metric(query(source, relation), target)."""

from abc import abstractmethod

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.config import Part
from embedding_features.scorers.metric import RelationMetric, cross_scores, paired_scores


class RelationScorer(Part):
    """Settings of a relation operator."""

    @abstractmethod
    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Compare":
        """Build the operator with fresh parameters.

        Args:
            relations: how many there are; with reciprocal ones, twice as many as the graph's.
            dim: width of the nodes' vectors.
            generator: that the parameters are drawn from.

        Raises:
            ConfigError: when the operator cannot work on vectors of that width.
        """


class NormalScorer(RelationScorer):
    """Settings of a relation operator whose parameters start from N(0, std²).

    Attributes:
        std: the standard deviation.
    """

    std: float = Field(default=0.1, gt=0)

    def _draw(self, relations: int, width: int, generator: torch.Generator) -> Tensor:
        """Draw [relations, width] float32."""
        return torch.randn(relations, width, generator=generator) * self.std


class Compare(nn.Module):
    """A relation operator with its parameters.

    Whoever searches for targets compares one query with them all by ``metric`` and needs to know nothing of
    relations.

    Attributes:
        metric: how a query is compared with a target.
        relations: [relations, width] parameters.
    """

    def __init__(self, relations: Tensor, metric: RelationMetric) -> None:
        """Take ``relations`` [relations, width] as the parameters."""
        super().__init__()
        self.metric: RelationMetric = metric
        self.relations = nn.Parameter(relations)

    @abstractmethod
    def query(self, src: Tensor, relation: Tensor) -> Tensor:
        """Return the [..., dim] queries that targets are compared with.

        Args:
            src: [..., dim] vectors of the sources.
            relation: [...] int64 numbers of the relations.
        """

    @abstractmethod
    def source_query(self, dst: Tensor, relation: Tensor) -> Tensor:
        """Return the [..., dim] queries that sources are compared with, for a search of the other side.

        The metric of such a query and a source is the score of the edge, up to a number that is the same for
        all sources.

        Args:
            dst: [..., dim] vectors of the targets.
            relation: [...] int64 numbers of the relations.
        """

    def forward(self, src: Tensor, relation: Tensor, dst: Tensor) -> Tensor:
        """Return the [...] scores of edges; a higher score is a more likely edge.

        Args:
            src: [..., dim] vectors of the sources.
            relation: [...] int64 numbers of the relations.
            dst: [..., dim] vectors of the targets, broadcast against the queries.
        """
        return paired_scores(self.query(src, relation), dst, self.metric)

    def cross(self, query: Tensor, targets: Tensor) -> Tensor:
        """Return the [b, n] scores of every query [b, dim] and every target [n, dim]."""
        return cross_scores(query, targets, self.metric)

    def squared_moduli(self, vectors: Tensor) -> Tensor:
        """Return the [..., components] squared moduli of vectors: by default of real components."""
        return vectors.square()

    def relation_squared_moduli(self, relation: Tensor) -> Tensor:
        """Return the [..., components] squared moduli of the parameters of relations [...] int64."""
        return self.squared_moduli(self.relations[relation])

    def rotated(self, rotation: Tensor) -> "Compare | None":  # noqa: ARG002
        """Return the operator that scores rotated vectors as this one scores the original ones.

        Args:
            rotation: [dim, dim] orthogonal; a node's vector x becomes x @ rotation.

        Returns:
            None where there is none, because the operator acts on each coordinate by itself: a rotation of
            the space then makes a new version of it.
        """
        return None
