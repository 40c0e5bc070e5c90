"""What every treatment of pretrained vectors is: from any dimension to embeddings of the network's."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from embedding_features.config import Part
from embedding_features.errors import ConfigError
from ranking.models.lookup import bag_sum
from ranking.models.schema import Schema
from ranking.models.sparse import mean_weights
from ranking.models.tensors import Batch


class Pretrained(Part):
    """Settings of a treatment: ``pretrained: {kind: mixed}`` in a ranker's YAML."""

    @abstractmethod
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> "VectorArch":
        """The untrained module; ``train`` gives it scales."""


class VectorArch(nn.Module, ABC):
    """Pretrained vectors to [b, v, d], each divided by its field's root mean squared length in training.

    A space is what one map applies to: each vector field's, then each history's that has vectors but names
    no vector field. An absent vector gives zeros, unless a treatment puts something in its place.

    Attributes:
        fields: v, the embeddings it gives: one a vector field, and one a history with vectors: their mean.
    """

    scale: Tensor

    def __init__(self, train: Batch, schema: Schema) -> None:
        super().__init__()
        self.dims = list(schema.dims)
        used = list(train.rows.T)
        #: position of a history → its space
        self.spaces: dict[int, int] = {}
        for position, sequence in enumerate(schema.histories):
            if sequence.dim and sequence.vector is not None:
                self.spaces[position] = sequence.vector
            elif sequence.dim:
                self.spaces[position] = len(self.dims)
                self.dims.append(sequence.dim)
                used.append(train.histories[position][1].flatten())
        self.columns = len(schema.vectors)
        self.fields = self.columns + len(self.spaces)
        own = [p for p, space in self.spaces.items() if space >= self.columns]
        tables = [*train.tables[: self.columns], *(train.tables[self.columns + p] for p in own)]
        lengths = [_length(table, rows) for table, rows in zip(tables, used, strict=True)]
        self.register_buffer("scale", torch.stack(lengths) if lengths else torch.zeros(0))

    @abstractmethod
    def project(self, vectors: Tensor, space: int) -> Tensor:
        """[..., dim of the space] scaled vectors to [..., d], zero to zero."""

    def vectors(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        """[..., dim] scaled vectors of some rows of a table."""
        return table.index_select(0, rows.flatten()).view(*rows.shape, -1) / self.scale[space]

    def mean(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        """[b, dim] mean of the scaled vectors that are present in rows [b, length]."""
        return bag_sum(table, rows, mean_weights(rows > 0)) / self.scale[space]

    def column(self, batch: Batch, column: int) -> Tensor:
        """[b, d] of one vector field."""
        return self.project(self.vectors(batch.rows[:, column], batch.tables[column], column), column)

    def history(self, batch: Batch, position: int) -> Tensor:
        """[b, length, d] of each item of a history."""
        space, table = self.spaces[position], batch.tables[self.columns + position]
        return self.project(self.vectors(batch.histories[position][1], table, space), space)

    def pooled(self, batch: Batch) -> list[Tensor]:
        """[b, d] of each history that has vectors."""
        return [
            self.project(
                self.mean(batch.histories[position][1], batch.tables[self.columns + position], space), space
            )
            for position, space in self.spaces.items()
        ]

    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:  # noqa: ARG002
        """[b, v, d].

        Args:
            embedded: [b, k, d] of the discrete fields, for treatments that put ids and vectors together.
        """
        return stack([*(self.column(batch, c) for c in range(self.columns)), *self.pooled(batch)], batch)


def _length(table: Tensor, rows: Tensor) -> Tensor:
    squares = table.square().sum(1)[rows].sum()
    return squares.div((rows > 0).sum().clamp(min=1)).sqrt().clamp(min=1e-12)


def stack(vectors: list[Tensor], batch: Batch) -> Tensor:
    """[b, v, d] of v tensors [b, d]; [b, 0, 1] of none."""
    return torch.stack(vectors, dim=1) if vectors else torch.zeros(batch.label.shape[0], 0, 1)


def identity_columns(schema: Schema, treatment: str) -> list[int]:
    """Of each vector field, the position among the discrete ones of its side's id.

    Raises:
        ConfigError: when there is a vector of a side whose id is no field.
    """
    ids = {field.side: position for position, field in enumerate(schema.categorical) if field.identity}
    for vector in schema.vectors:
        if vector.side not in ids:
            raise ConfigError(
                f"pretrained: {treatment} needs the {vector.side}'s id beside the vector {vector.name!r}",
                fix=f"add the {vector.side}'s id to the inputs, or choose pretrained: projected",
            )
    return [ids[vector.side] for vector in schema.vectors]
