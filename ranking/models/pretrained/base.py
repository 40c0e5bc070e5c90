"""The interface of treatments of pretrained vectors: from any dimension to embeddings of a network."""

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
    """Settings of a treatment of pretrained vectors: ``pretrained: {kind: mixed}`` in a ranker's YAML."""

    @abstractmethod
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> "VectorArch":
        """Return the untrained module.

        Args:
            train: training rows, which give the scales of the vectors.
            schema: the fields of those rows.
            dim: d, the dimension of the embeddings.
            generator: draws all weights.
        """


class VectorArch(nn.Module, ABC):
    """Turns pretrained vectors into embeddings [b, v, d].

    Each vector is divided by its field's root mean squared length in training. There is one embedding a
    vector field, then one a history that has vectors: the mean of its items'. An absent vector gives zeros,
    unless a treatment puts something in its place.

    A space is what one map applies to: that of each vector field, then that of each history that has vectors
    but names no vector field.

    Attributes:
        fields: v, the number of embeddings.
        columns: number of vector fields.
        dims: dimension of each space.
        spaces: position of a history that has vectors → its space.
    """

    scale: Tensor

    def __init__(self, train: Batch, schema: Schema) -> None:
        super().__init__()
        self.dims = list(schema.dims)
        used = list(train.rows.T)
        self.spaces: dict[int, int] = {}
        for position, history in enumerate(schema.histories):
            if history.dim and history.vector is not None:
                self.spaces[position] = history.vector
            elif history.dim:
                self.spaces[position] = len(self.dims)
                self.dims.append(history.dim)
                used.append(train.histories[position][1].flatten())
        self.columns = len(schema.vectors)
        self.fields = self.columns + len(self.spaces)
        tables = self.space_tables(train)
        lengths = [_length(table, rows) for table, rows in zip(tables, used, strict=True)]
        self.register_buffer("scale", torch.stack(lengths) if lengths else torch.zeros(0))

    def space_tables(self, batch: Batch) -> list[Tensor]:
        """Return the table [R, dim] of each space."""
        own = [position for position, space in self.spaces.items() if space >= self.columns]
        return [*batch.tables[: self.columns], *(batch.tables[self.columns + position] for position in own)]

    @abstractmethod
    def project(self, vectors: Tensor, space: int) -> Tensor:
        """Return embeddings [..., d] of scaled vectors [..., dim of the space]; zero gives zero."""

    def vectors(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        """Return the scaled vectors [..., dim] of rows [...] of a table."""
        return table.index_select(0, rows.flatten()).view(*rows.shape, -1) / self.scale[space]

    def mean(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        """Return the mean [b, dim] of the scaled vectors that are present in rows [b, length]."""
        return bag_sum(table, rows, mean_weights(rows > 0)) / self.scale[space]

    def column(self, batch: Batch, column: int) -> Tensor:
        """Return the embeddings [b, d] of one vector field."""
        return self.project(self.vectors(batch.rows[:, column], batch.tables[column], column), column)

    def history(self, batch: Batch, position: int) -> Tensor:
        """Return the embeddings [b, length, d] of the items of a history."""
        space, table = self.spaces[position], batch.tables[self.columns + position]
        return self.project(self.vectors(batch.histories[position][1], table, space), space)

    def pooled(self, batch: Batch) -> list[Tensor]:
        """Return the mean embedding [b, d] of each history that has vectors."""
        return [
            self.project(
                self.mean(batch.histories[position][1], batch.tables[self.columns + position], space), space
            )
            for position, space in self.spaces.items()
        ]

    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:  # noqa: ARG002
        """Return the embeddings [b, v, d].

        Args:
            batch: the rows.
            embedded: [b, k, d] embeddings of the discrete fields, which some treatments combine with vectors.
        """
        return stack([*(self.column(batch, c) for c in range(self.columns)), *self.pooled(batch)], batch)


def _length(table: Tensor, rows: Tensor) -> Tensor:
    """Return the root mean squared length of the vectors that are present in some rows, a scalar."""
    squares = table.square().sum(1)[rows].sum()
    return squares.div((rows > 0).sum().clamp(min=1)).sqrt().clamp(min=1e-12)


def stack(vectors: list[Tensor], batch: Batch) -> Tensor:
    """Return [b, v, d] of v tensors [b, d]; without any, [b, 0, 1]."""
    return torch.stack(vectors, dim=1) if vectors else torch.zeros(batch.label.shape[0], 0, 1)


def identity_columns(schema: Schema, treatment: str) -> list[int]:
    """Return, for each vector field, the position of its side's id among the categorical fields.

    Args:
        schema: the fields.
        treatment: kind of the treatment that needs the ids, for errors.

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
