"""Pretrained vectors that are fine-tuned with the ranker, at a learning rate of their own."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.lookup import bag_sum, lookup
from ranking.models.module import OwnRate
from ranking.models.pretrained.base import Pretrained, VectorArch
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.pretrained.row_keys import RowIndex
from ranking.models.schema import Schema
from ranking.models.sparse import mean_weights
from ranking.models.tensors import Batch


class FineTuned(Pretrained):
    """Adds a learned correction to each vector before it is projected: P (v + Δ_v), with Δ zero at first.

    There is a Δ for each vector of the training table. Inputs with another table can be scored: a vector that
    is, number by number, one of the training table gets its Δ, and any other none.

    Attributes:
        learning_rate: learning rate of Δ; by default a tenth of the network's.
        decay: L2 penalty of Δ, which pulls towards the pretrained values; raise it where rows are few.
    """

    kind: Literal["fine_tuned"] = "fine_tuned"
    learning_rate: float = Field(default=2e-4, gt=0)
    decay: float = Field(default=1e-4, ge=0)

    @override
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return FineTunedVectors(self, train, schema, dim, generator)


class Deltas(OwnRate):
    """Holds the corrections of a table's vectors.

    Args:
        settings: learning rate and decay.
        table: [R, dim] the training table.

    Attributes:
        table: [R, dim] corrections; row 0 stays zero.
    """

    def __init__(self, settings: FineTuned, table: Tensor) -> None:
        super().__init__(settings.learning_rate, settings.decay)
        self.table = nn.Parameter(torch.zeros_like(table))
        self.index = RowIndex(table)

    def rows(self, rows: Tensor, table: Tensor) -> Tensor:
        """Return the rows of the corrections for ``rows`` of any table; 0 for a vector that has none."""
        corrections: Tensor = self.index(table)[rows]
        return corrections


class FineTunedVectors(ProjectedVectors):
    """Gives P (v / s + Δ), and 0 where v is absent. Histories share the Δ of their vector field."""

    def __init__(
        self, settings: FineTuned, train: Batch, schema: Schema, dim: int, generator: torch.Generator
    ) -> None:
        super().__init__(train, schema, dim, generator)
        self.deltas = nn.ModuleList(Deltas(settings, table) for table in self.space_tables(train))

    @override
    def vectors(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        deltas = self._deltas(space)
        learned = deltas.rows(rows, table)
        correction = lookup(deltas.table, learned.reshape(-1, 1)).view(*rows.shape, -1)
        return super().vectors(rows, table, space) + correction * (learned > 0)[..., None]

    @override
    def mean(self, rows: Tensor, table: Tensor, space: int) -> Tensor:
        deltas = self._deltas(space)
        learned = deltas.rows(rows, table)
        correction = bag_sum(deltas.table, learned, mean_weights(rows > 0) * (learned > 0))
        return super().mean(rows, table, space) + correction

    def _deltas(self, space: int) -> Deltas:
        """Return a space's corrections; the check is for mypy, as a ModuleList holds any module."""
        deltas = self.deltas[space]
        if not isinstance(deltas, Deltas):
            raise TypeError(f"{type(deltas).__name__} in the place of Deltas")
        return deltas
