"""The interface of scorers: score = metric(query(source, relation), target)."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from embedding_features.config import METHOD_PLUG_INS, Part
from embedding_features.scorers.metric import ScorerMetric, cross_scores, paired_scores


class Scorer(Part):
    """Settings of a scorer.

    Attributes:
        metric: how a query is compared with a target.
    """

    plug_ins: ClassVar[str] = METHOD_PLUG_INS
    metric: ScorerMetric

    @property
    def name(self) -> str:
        """The name by which a space knows it: of two metrics of one kind, only one survives a rotation."""
        return f"{self.kind}_{self.metric}" if self.metric in ("l1", "moduli") else self.kind

    @abstractmethod
    def build(self, relations: int, dim: int, generator: torch.Generator) -> "Compare":
        """Build the scorer with fresh parameters.

        Args:
            relations: how many there are; with reciprocal ones, twice as many as the graph's.
            dim: width of the nodes' vectors.
            generator: that the parameters are drawn from.

        Raises:
            ConfigError: when the scorer cannot work on vectors of that width.
        """


class Compare(nn.Module):
    """A scorer with its parameters.

    Whoever searches for targets compares one query with them all by ``metric`` and needs to know nothing of
    relations.

    Attributes:
        metric: how a query is compared with a target.
    """

    def __init__(self, metric: ScorerMetric) -> None:
        """Take the metric."""
        super().__init__()
        self.metric: ScorerMetric = metric

    @abstractmethod
    def query(self, src: Tensor, relation: Tensor | None) -> Tensor:
        """Return the [..., dim] queries that targets are compared with.

        Args:
            src: [..., dim] vectors of the sources.
            relation: [...] int64 numbers of the relations; None where there is one alone.
        """

    def forward(self, src: Tensor, relation: Tensor | None, dst: Tensor) -> Tensor:
        """Return the [...] scores of edges; a higher score is a more likely edge.

        Args:
            src: [..., dim] vectors of the sources.
            relation: [...] int64 numbers of the relations.
            dst: [..., dim] vectors of the targets, broadcast against the queries.
        """
        return self.paired(self.query(src, relation), dst)

    def paired(self, queries: Tensor, targets: Tensor) -> Tensor:
        """Return the [...] scores of [..., dim] queries and targets, broadcast against each other."""
        return paired_scores(queries, targets, self.metric)

    def cross(self, queries: Tensor, targets: Tensor) -> Tensor:
        """Return the [batch, n] scores of [batch, dim] queries and all of [n, dim] targets."""
        return cross_scores(queries, targets, self.metric)

    @abstractmethod
    def rotated(self, rotation: Tensor) -> "Compare | None":
        """Return the scorer that scores rotated vectors as this one scores the original ones.

        Args:
            rotation: [dim, dim] orthogonal; a node's vector x becomes x @ rotation.

        Returns:
            None where there is none, because the scorer acts on each coordinate by itself: a rotation of the
            space then makes a new version of it.
        """
