"""Pretrained vectors with a learned id embedding added."""

from typing import Literal

import torch
from torch import Tensor

from ranking.models.pretrained.base import Pretrained, VectorArch, identity_columns, stack
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Added(Pretrained):
    """P v + e with e the embedding of the same side's id, as it is looked up (and dropped out) beside."""

    kind: Literal["added"] = "added"

    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return AddedVectors(train, schema, dim, generator)


class AddedVectors(ProjectedVectors):
    """P v + e of a vector field; of a history the mean of P v."""

    def __init__(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> None:
        super().__init__(train, schema, dim, generator)
        self.ids = identity_columns(schema, "added")

    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:
        added = [self.column(batch, column) + embedded[:, at] for column, at in enumerate(self.ids)]
        return stack([*added, *self.pooled(batch)], batch)
