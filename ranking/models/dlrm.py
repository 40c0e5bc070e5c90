"""DLRM: dot products between all pairs of embedded features."""

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.layers import DenseArch, LastLayer, mlp
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.network import NetworkRanker
from ranking.models.schema import Schema
from ranking.models.sparse import SparseArch
from ranking.models.tensors import Batch


class DLRM(NetworkRanker):
    """Settings of DLRM, which feeds the dot products of all pairs of embeddings to an MLP.

    Naumov et al., Deep Learning Recommendation Model for Personalization and Recommendation Systems,
    arXiv 1906.00091, 2019.

    z = bottom(dense); logit = top([z, ⟨e_i, e_j⟩ for i < j]) with e_0 = z and e_1 … the embeddings of the
    discrete fields. A pretrained vector is one more e_i.

    Attributes:
        bottom: sizes of the hidden layers of the bottom MLP, which ends in ``dim``.
        top: sizes of the hidden layers of the top MLP, which ends in one logit.
    """

    kind: Literal["dlrm"] = "dlrm"
    bottom: tuple[int, ...] = Field(default=(64,))
    top: tuple[int, ...] = Field(default=(64, 32), min_length=1)

    @override
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DLRMNetwork(self, train, schema, generator)


class DLRMNetwork(ConcatenatedNetwork):
    """Lets f = 1 + discrete fields + pretrained vectors interact, each of dimension d."""

    def __init__(self, settings: DLRM, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        dim = settings.dim
        self.dense = DenseArch(train)
        self.bottom = mlp([self.dense.columns, *settings.bottom, dim], generator)
        self.sparse = SparseArch(schema, dim, settings.id_dropout, generator)
        self.vectors = settings.pretrained.build(train, schema, dim, generator)
        self.interaction = InteractionArch(1 + self.sparse.fields + self.vectors.fields)
        self.top = mlp([dim + self.interaction.pairs, *settings.top], generator)
        self.over = LastLayer(settings.top[-1], generator)

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the last hidden layer of the top MLP."""
        dense = self.bottom(self.dense(batch))  # [b, d]
        sparse = self.sparse(batch)
        features = [dense[:, None], sparse]  # [b, 1, d], [b, k, d]
        if self.vectors.fields:
            features.append(self.vectors(batch, sparse))  # [b, v, d]
        pairs = self.interaction(torch.cat(features, dim=1))  # [b, f (f - 1) / 2]
        return (self.top(torch.cat([dense, pairs], dim=1)),)

    @override
    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits


class InteractionArch(nn.Module):
    """Computes the dot product of each pair of f features, in the order (1, 0), (2, 0), (2, 1) and so on.

    Attributes:
        pairs: f (f - 1) / 2, the columns that come out.
    """

    index: Tensor
    pair: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        rows, columns = torch.tril_indices(features, features, offset=-1)
        self.register_buffer("index", rows * features + columns)
        self.pairs = len(self.index)
        pair = torch.zeros(features, features, dtype=torch.long)
        pair[rows, columns] = pair[columns, rows] = torch.arange(self.pairs)
        self.register_buffer("pair", pair.flatten(), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the [b, pairs] products of features [b, f, d]."""
        if self.pairs == 0:
            return features.new_zeros(features.shape[0], 0)
        dots: Tensor = _Interaction.apply(features, self.index, self.pair)  # type: ignore[no-untyped-call]
        return dots


class _Interaction(torch.autograd.Function):
    """Multiplies all pairs; as the products are symmetric, its backward needs one matrix product, not two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, index: Tensor, pair: Tensor) -> Tensor:
        ctx.save_for_backward(features, pair)
        products = features @ features.transpose(1, 2)  # [b, f, f]
        return products.flatten(1).index_select(1, index)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        features, pair = ctx.saved_tensors
        (above,) = gradients  # [b, pairs]
        count = features.shape[1]
        symmetric = above.index_select(1, pair).view(-1, count, count)
        symmetric.diagonal(dim1=1, dim2=2).zero_()
        return symmetric @ features, None, None
