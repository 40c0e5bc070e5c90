"""A mixture of a side's pretrained vectors and its learned id embedding."""

from typing import Literal

import torch
from torch import Tensor, nn

from ranking.models.layers import linear
from ranking.models.pretrained.base import Pretrained, VectorArch, identity_columns, stack
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Mixed(Pretrained):
    """Σ_i g_i e_i a side, with e_0 its id's embedding, e_i = P_i v_i its vectors, and a learned gate
    g = softmax(W [e_0, e_1 …]) over those that are present: a mixture of experts (Jacobs et al., Adaptive
    Mixtures of Local Experts, 1991) whose experts are embeddings.
    """

    kind: Literal["mixed"] = "mixed"

    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return MixedVectors(train, schema, dim, generator)


class MixedVectors(ProjectedVectors):
    """One embedding a side that has vectors; the mean of P v of a history."""

    def __init__(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> None:
        super().__init__(train, schema, dim, generator)
        ids = identity_columns(schema, "mixed")
        #: of each side: where its id is, and its vector fields
        self.sides: list[tuple[int, list[int]]] = [
            (at, [column for column, other in enumerate(ids) if other == at]) for at in dict.fromkeys(ids)
        ]
        experts = [1 + len(columns) for _, columns in self.sides]
        self.gates = nn.ModuleList(linear(count * dim, count, generator) for count in experts)
        self.fields = len(self.sides) + len(self.spaces)

    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:
        mixed = [self._side(number, batch, embedded) for number in range(len(self.sides))]
        return stack([*mixed, *self.pooled(batch)], batch)

    def _side(self, number: int, batch: Batch, embedded: Tensor) -> Tensor:
        at, columns = self.sides[number]
        experts = torch.stack([embedded[:, at], *(self.column(batch, c) for c in columns)], 1)  # [b, e, d]
        scores = self.gates[number](experts.flatten(1))  # [b, e]
        own = torch.zeros(batch.label.shape[0], 1, dtype=torch.bool)
        absent = torch.cat([own, batch.rows[:, columns] == 0], 1)
        gate = scores.masked_fill(absent, -torch.inf).softmax(1)
        mixed: Tensor = (gate[:, :, None] * experts).sum(1)
        return mixed
