"""Pretrained vectors to which a learned embedding of the id is added."""

from typing import Literal

import torch
from torch import Tensor
from typing_extensions import override

from ranking.models.pretrained.base import Pretrained, VectorArch, identity_columns, stack
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Added(Pretrained):
    """Adds the embedding of the same side's id, after dropout, to the projected vector: P v + e."""

    kind: Literal["added"] = "added"

    @override
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return AddedVectors(train, schema, dim, generator)


class AddedVectors(ProjectedVectors):
    """Gives P v + e for a vector field, and the mean of P v for a history."""

    def __init__(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> None:
        super().__init__(train, schema, dim, generator)
        self.ids = identity_columns(schema, "added")

    @override
    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:
        added = [self.column(batch, column) + embedded[:, at] for column, at in enumerate(self.ids)]
        return stack([*added, *self.pooled(batch)], batch)
