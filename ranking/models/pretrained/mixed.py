"""A gated mixture of a side's pretrained vectors and its learned id embedding."""

from typing import Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.layers import linear
from ranking.models.pretrained.base import Pretrained, VectorArch, identity_columns, stack
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Mixed(Pretrained):
    """Mixes a side's id embedding and its projected vectors by a learned gate.

    A side gets Σ_i g_i e_i with e_0 the embedding of its id, e_i = P_i v_i its vectors, and the gate
    g = softmax(W [e_0, e_1 …]) over those that are present: a mixture of experts (Jacobs et al., Adaptive
    Mixtures of Local Experts, 1991) whose experts are embeddings.
    """

    kind: Literal["mixed"] = "mixed"

    @override
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return MixedVectors(train, schema, dim, generator)


class MixedVectors(ProjectedVectors):
    """Gives one embedding for each side that has vectors, and the mean of P v for a history."""

    def __init__(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> None:
        super().__init__(train, schema, dim, generator)
        ids = identity_columns(schema, "mixed")
        #: for each side: the position of its id among the categorical fields, and its vector fields
        self.sides: list[tuple[int, list[int]]] = [
            (position, [column for column, other in enumerate(ids) if other == position])
            for position in dict.fromkeys(ids)
        ]
        experts = [1 + len(columns) for _, columns in self.sides]
        self.gates = nn.ModuleList(linear(count * dim, count, generator) for count in experts)
        self.fields = len(self.sides) + len(self.spaces)

    @override
    def forward(self, batch: Batch, embedded: Tensor) -> Tensor:
        mixed = [self._side(number, batch, embedded) for number in range(len(self.sides))]
        return stack([*mixed, *self.pooled(batch)], batch)

    def _side(self, number: int, batch: Batch, embedded: Tensor) -> Tensor:
        """Return the mixture [b, d] of one side."""
        position, columns = self.sides[number]
        vectors = [self.column(batch, column) for column in columns]
        experts = torch.stack([embedded[:, position], *vectors], 1)  # [b, e, d]
        scores = self.gates[number](experts.flatten(1))  # [b, e]
        id_absent = torch.zeros(batch.label.shape[0], 1, dtype=torch.bool)
        absent = torch.cat([id_absent, batch.rows[:, columns] == 0], 1)
        gate = scores.masked_fill(absent, -torch.inf).softmax(1)
        mixed: Tensor = (gate[:, :, None] * experts).sum(1)
        return mixed
