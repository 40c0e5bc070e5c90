"""Pretrained vectors that learn along, at a rate of their own."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ranking.models.lookup import bag_sum, lookup
from ranking.models.module import OwnRate
from ranking.models.pretrained.base import Pretrained, VectorArch
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.pretrained.row_keys import RowIndex
from ranking.models.schema import Schema
from ranking.models.sparse import mean_weights
from ranking.models.tensors import Batch


class FineTuned(Pretrained):
    """P (v + Δ_v), with a Δ for each vector of the training table, zero at first.

    Inputs with another table are served too: a vector that is, number by number, one of the training table
    gets its Δ, any other has none.

    Attributes:
        learning_rate: of Δ; a tenth of the network's by default.
        decay: L2 penalty of Δ: the pull towards the pretrained values.
    """

    kind: Literal["fine_tuned"] = "fine_tuned"
    learning_rate: float = Field(default=2e-4, gt=0)
    decay: float = Field(default=1e-4, ge=0)

    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return FineTunedVectors(self, train, schema, dim, generator)


class Deltas(OwnRate):
    """What is learned of a table's vectors: [R, dim], of which row 0 stays zero."""

    def __init__(self, settings: FineTuned, table: Tensor) -> None:
        super().__init__(settings.learning_rate, settings.decay)
        self.table = nn.Parameter(torch.zeros_like(table))
        self.index = RowIndex(table)

    def rows(self, rows: Tensor, table: Tensor) -> Tensor:
        """The rows of this table whose vectors stand in ``rows`` of another; 0 of a vector not in it."""
        found: Tensor = self.index(table)[rows]
        return found


class FineTunedVectors(ProjectedVectors):
    """P (v / s + Δ), 0 where v is absent. Histories share the Δ of their vector field."""

    def __init__(
        self, settings: FineTuned, train: Batch, schema: Schema, dim: int, generator: torch.Generator
    ) -> None:
        super().__init__(train, schema, dim, generator)
        own = [p for p, space in self.spaces.items() if space >= self.columns]
        tables = [*train.tables[: self.columns], *(train.tables[self.columns + p] for p in own)]
        self.deltas = nn.ModuleList(Deltas(settings, table) for table in tables)

    def vectors(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        delta = self._delta(space)
        learned = delta.rows(rows, table)
        moved = lookup(delta.table, learned.reshape(-1, 1)).view(*rows.shape, -1)
        return super().vectors(rows, table, space) + moved * (learned > 0)[..., None]

    def mean(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        delta = self._delta(space)
        learned = delta.rows(rows, table)
        moved = bag_sum(delta.table, learned, mean_weights(rows > 0) * (learned > 0))
        return super().mean(rows, table, space) + moved

    def _delta(self, space: int) -> Deltas:
        delta = self.deltas[space]
        if not isinstance(delta, Deltas):
            raise TypeError(f"{type(delta).__name__} in the place of Deltas")
        return delta
