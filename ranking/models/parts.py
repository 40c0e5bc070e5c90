"""The parts that deep rankers are made of. Shapes: b rows, k fields, d the embedding's dimension.

All start from a seeded generator and none has a random choice of its own while it runs.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ranking.models.lookup import bag_sum, lookup
from ranking.models.schema import Schema
from ranking.models.tensors import Batch

#: how far from the mean, in standard deviations, a number may stand
CLIP = 5.0


def linear(inputs: int, outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """A linear layer of Glorot-uniform weights and zero bias."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def mlp(sizes: Sequence[int], generator: torch.Generator) -> nn.Sequential:
    """[b, sizes[0]] to [b, sizes[-1]], a ReLU after each layer."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [linear(inputs, outputs, generator), nn.ReLU()]
    return nn.Sequential(*layers)


class DenseArch(nn.Module):
    """Continuous columns to [b, columns]: standardized, clipped, unknown ones 0, and which are unknown.

    The means and deviations are of the training rows; a column that never lacks a value there has no
    indicator of lacking one.
    """

    mean: Tensor
    deviation: Tensor
    lacking: Tensor

    def __init__(self, train: Batch) -> None:
        super().__init__()
        values = train.continuous.double()
        known = ~values.isnan()
        count = known.sum(0).clamp(min=1)
        mean = values.nansum(0) / count
        squares = torch.where(known, values - mean, 0).square().sum(0) / count
        self.register_buffer("mean", mean.float())
        self.register_buffer("deviation", squares.sqrt().float().clamp(min=1e-6))
        self.register_buffer("lacking", (~known).any(0).nonzero()[:, 0])
        self.columns = len(mean) + len(self.lacking) + train.rows.shape[1]

    def forward(self, batch: Batch) -> Tensor:
        scaled = ((batch.continuous - self.mean) / self.deviation).clamp(-CLIP, CLIP)
        unknown = batch.continuous[:, self.lacking].isnan().float()
        return torch.cat([scaled.nan_to_num(0.0), unknown, batch.present], dim=1)


class SparseArch(nn.Module):
    """Discrete fields to [b, k, d]: a code's embedding, a bag's weighted sum of embeddings.

    While it trains, the id of a user or item is taken for the unknown one with chance ``id_dropout``, so
    that the unknown has an embedding that was learned (Volkovs et al., DropoutNet, NIPS 2017).
    """

    chance: Tensor
    unknown: Tensor

    def __init__(
        self, schema: Schema, dim: int, id_dropout: float, generator: torch.Generator, spread: float = 0.05
    ) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(schema.rows, dim))
        nn.init.normal_(self.table, std=spread, generator=generator)
        self.fields = len(schema.categorical) + len(schema.bags)
        self.generator = generator
        # [k] the chance of being dropped, and the unknown code
        chances = [id_dropout * field.identity for field in schema.categorical]
        self.register_buffer("chance", torch.tensor(chances))
        self.register_buffer(
            "unknown", torch.tensor([field.offset for field in schema.categorical], dtype=torch.long)
        )

    def forward(self, batch: Batch) -> Tensor:
        codes = batch.categorical
        if self.training:
            drawn = torch.rand(codes.shape, generator=self.generator)
            codes = torch.where(drawn < self.chance, self.unknown, codes)
        embedded = [lookup(self.table, codes)]
        embedded += [bag_sum(self.table, ids, weights)[:, None] for ids, weights in batch.bags]
        return torch.cat(embedded, dim=1)


class VectorArch(nn.Module):
    """Pretrained vectors to [b, vectors, d]: each divided by its side's mean length in training, then
    projected without a bias, so that a missing vector stays zero."""

    scale: Tensor

    def __init__(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.projections = nn.ModuleList(linear(size, dim, generator, bias=False) for size in schema.dims)
        lengths = [
            table.square().sum(1)[rows].sum().div((rows > 0).sum().clamp(min=1)).sqrt()
            for rows, table in zip(train.rows.T, train.tables, strict=False)
        ]
        scale = torch.stack(lengths).clamp(min=1e-12) if lengths else torch.zeros(0)
        self.register_buffer("scale", scale)

    def forward(self, batch: Batch) -> Tensor:
        projected = [
            projection(batch.vector(column) / self.scale[column])
            for column, projection in enumerate(self.projections)
        ]
        if not projected:
            return torch.zeros(len(batch), 0, 1)
        return torch.stack(projected, dim=1)
