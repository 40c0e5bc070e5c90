"""The first product of networks that read features."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from embedding_features.encoders.features import NodeInputs
from embedding_features.encoders.passes import Pass


class Starts(NamedTuple):
    """Holds what the nodes of a network start from.

    Attributes:
        inputs: their features.
        learned: node type → [n, dim] learned vectors of its nodes, for types without features.
        counts: node type → number of nodes, in the order of their rows.
    """

    inputs: NodeInputs
    learned: Mapping[str, Tensor]
    counts: Mapping[str, int]


class InputLayer(nn.Module):
    """Multiplies what nodes start from by a matrix with rows for features and for learned vectors.

    Args:
        inputs: the features.
        table: [n, dim] learned vectors of nodes without features; None where there are none.
        width: of the result.
        generator: that the weights are drawn from.
    """

    weight: nn.Parameter | None
    table_weight: nn.Parameter | None

    def __init__(
        self, inputs: NodeInputs, table: Tensor | None, width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        weight = glorot(inputs.width, width, generator) if inputs.width else None
        table_weight = None if table is None else glorot(table.shape[1], width, generator)
        self.register_parameter("weight", weight)
        self.register_parameter("table_weight", table_weight)

    def forward(self, starts: Starts, how: Pass) -> Tensor:
        """Return [nodes, width]."""
        parts: dict[str, Tensor] = {}
        if self.weight is not None:
            weight, inputs = how.decayed(self.weight), starts.inputs
            product = inputs.traced_times(weight) if how.edges else inputs.times(weight, how.dropout)
            if self.table_weight is None:
                return product
            parts |= zip(starts.counts, torch.split(product, list(starts.counts.values())), strict=True)
        if self.table_weight is not None:
            weight = how.decayed(self.table_weight)
            parts |= {t: how.drop(vectors) @ weight for t, vectors in starts.learned.items()}
        return torch.cat([parts[t] for t in starts.counts])

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        resize(self, ("weight", "table_weight"), state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def glorot(rows: int, columns: int, generator: torch.Generator) -> nn.Parameter:
    """Draw a matrix evenly from ± sqrt(6 / (rows + columns)) (Glorot & Bengio, AISTATS 2010, eq. 16)."""
    bound = (6 / (rows + columns)) ** 0.5
    return nn.Parameter((2 * torch.rand(rows, columns, generator=generator) - 1) * bound)


def resize(module: nn.Module, names: tuple[str, ...], state: Mapping[str, Tensor], prefix: str) -> None:
    """Give parameters the shapes that a saved state has: a network without its graph cannot know them."""
    for name in names:
        saved = state.get(prefix + name)
        module.register_parameter(name, None if saved is None else nn.Parameter(torch.empty_like(saved)))
