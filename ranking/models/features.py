"""What a network sees of a batch, and rankers that model the discrete and the continuous apart."""

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
    """b rows: ``sparse`` [b, k, d], ``vectors`` [b, v, d], ``dense`` [b, c]."""

    sparse: Tensor
    vectors: Tensor
    dense: Tensor

    @property
    def discrete(self) -> Tensor:
        """[b, k d] of what is discrete."""
        return self.sparse.flatten(1)

    @property
    def continuous(self) -> Tensor:
        """[b, c + v d] of what is continuous."""
        if self.vectors.shape[1] == 0:
            return self.dense
        return torch.cat([self.dense, self.vectors.flatten(1)], dim=1)


class FeatureArch(nn.Module):
    """A batch to what a network sees of it.

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
        sparse = self.sparse(batch)
        return SeenFeatures(sparse, self.vectors(batch, sparse), self.dense(batch))


class TwoTowers(nn.Module):
    """An MLP over what is discrete and one over what is continuous, which meet in a last layer above."""

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
        """[b, h] and [b, h'], together of ``width`` columns."""
        seen: tuple[Tensor, Tensor] = self.discrete(discrete), self.continuous(continuous)
        return seen


class TowerRanker(NetworkRanker):
    """A ranker whose deep part is :class:`.TwoTowers`.

    Attributes:
        discrete: layers over the embeddings of discrete fields.
        continuous: layers over continuous columns and pretrained vectors.
    """

    discrete: tuple[int, ...] = Field(default=(64, 32), min_length=1)
    continuous: tuple[int, ...] = Field(default=(64, 32), min_length=1)
