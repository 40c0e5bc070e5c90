"""Discrete and continuous features of a batch, and the two towers of rankers that model them apart."""

from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from ranking.models.layers import DenseArch, mlp
from ranking.models.network import NetworkRanker
from ranking.models.schema import Schema
from ranking.models.sparse import SparseArch
from ranking.models.tensors import Batch


class SeenFeatures(NamedTuple):
    """Holds what a network reads of a batch of b rows.

    Attributes:
        sparse: [b, k, d] embeddings of discrete fields.
        vectors: [b, v, d] embeddings of pretrained vectors.
        dense: [b, c] numbers (:class:`.DenseArch`).
    """

    sparse: Tensor
    vectors: Tensor
    dense: Tensor

    @property
    def discrete(self) -> Tensor:
        """[b, k d]: the embeddings of discrete fields, side by side."""
        return self.sparse.flatten(1)

    @property
    def continuous(self) -> Tensor:
        """[b, c + v d]: numbers and pretrained vectors, side by side."""
        if self.vectors.shape[1] == 0:
            return self.dense
        return torch.cat([self.dense, self.vectors.flatten(1)], dim=1)


class FeatureArch(nn.Module):
    """Turns a batch into the features that a network reads.

    Args:
        settings: dimension of embeddings, id dropout and treatment of pretrained vectors.
        train: training rows, which give scales.
        schema: the fields.
        generator: draws all weights.
        pooled: whether histories are among the discrete fields; see :class:`.SparseArch`.

    Attributes:
        discrete, continuous: columns of :attr:`SeenFeatures.discrete` and :attr:`SeenFeatures.continuous`.
    """

    def __init__(
        self,
        settings: NetworkRanker,
        train: Batch,
        schema: Schema,
        generator: torch.Generator,
        pooled: bool = True,
    ) -> None:
        super().__init__()
        dim = settings.dim
        self.sparse = SparseArch(schema, dim, settings.id_dropout, generator, pooled)
        self.dense = DenseArch(train)
        self.vectors = settings.pretrained.build(train, schema, dim, generator)
        self.discrete = dim * self.sparse.fields
        self.continuous = self.dense.columns + dim * self.vectors.fields

    def forward(self, batch: Batch) -> SeenFeatures:
        """Return the features of a batch."""
        sparse = self.sparse(batch)
        return SeenFeatures(sparse, self.vectors(batch, sparse), self.dense(batch))


class TwoTowers(nn.Module):
    """Runs one MLP over discrete features and one over continuous features.

    Args:
        columns: columns of the two inputs.
        discrete: layers over discrete features.
        continuous: layers over continuous features.
        generator: draws all weights.

    Attributes:
        width: columns of the two outputs together.
    """

    def __init__(
        self,
        columns: tuple[int, int],
        discrete: tuple[int, ...],
        continuous: tuple[int, ...],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.discrete = mlp([columns[0], *discrete], generator)
        self.continuous = mlp([columns[1], *continuous], generator)
        self.width = discrete[-1] + continuous[-1]

    def forward(self, discrete: Tensor, continuous: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last layers of both towers, [b, h] and [b, h'] with h + h' = ``width``."""
        return self.discrete(discrete), self.continuous(continuous)


class TowerRanker(NetworkRanker):
    """Settings of rankers whose deep part is :class:`TwoTowers`.

    Attributes:
        discrete: sizes of the layers over the embeddings of discrete fields.
        continuous: sizes of the layers over numbers and pretrained vectors.
    """

    discrete: tuple[int, ...] = Field(default=(64, 32), min_length=1)
    continuous: tuple[int, ...] = Field(default=(64, 32), min_length=1)
