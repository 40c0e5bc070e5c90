"""Matrix factorization and a network over two vectors, added up (NeuMF)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.encoders.base import Encoder, check_two_types, normal
from embedding_features.encoders.pairwise import PairwiseNetwork
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse


class NeuralFactorization(Encoder):
    """Settings of a :class:`NeuralFactorizationNetwork`.

    Attributes:
        parts: of a score: the generalized product (GMF), the tower of layers (MLP), or their sum (NeuMF).
        hidden: width of the vectors that the tower takes in, and of its first layer; each of two more has
            half of the one before. The tower alone takes in vectors of ``dim``.
        dropout: share of the tower's hidden units that a training step leaves out.
    """

    weights: ClassVar[WeightUse | None] = None
    kind: Literal["neural_factorization"] = "neural_factorization"
    parts: Literal["both", "product", "tower"] = "both"
    hidden: int = Field(default=64, ge=4)
    dropout: float = Field(default=0.0, ge=0, lt=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "NeuralFactorizationNetwork":
        """Build the network with fresh parameters for the nodes of ``view``.

        Raises:
            GraphError: when the view's relation joins a node type with itself.
            ConfigError: when there are nodes of a third type.
        """
        check_two_types(self, view)
        return NeuralFactorizationNetwork(self, view, generator)


class NeuralFactorizationNetwork(PairwiseNetwork):
    """Scores a pair by h · (p_u ⊙ p_i) + w · tower([q_u, q_i]) (He et al., WWW 2017, eqs. 9 to 12).

    Published are h ⊙ p_u of sources and p_i of destinations: their dot product is the score's first part.
    Of the tower alone it is what the tower takes in. ``table`` are the
    [nodes, dim] vectors p, ``inputs`` the [nodes, hidden] vectors q, ``product`` the [dim] weights h.
    """

    settings: NeuralFactorization

    def __init__(self, settings: NeuralFactorization, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters; h starts with ones, as a plain dot product."""
        super().__init__(settings, view)
        self.table = nn.Parameter(normal(settings, view, generator))
        width, hidden = settings.dim, settings.hidden
        if settings.parts == "both":
            width = hidden
            self.inputs = nn.Parameter(torch.randn(view.size, width, generator=generator) * settings.std)
        if settings.parts != "tower":
            self.product = nn.Parameter(torch.ones(settings.dim))
        if settings.parts != "product":
            self.tower = Tower(width, hidden, settings.dropout, generator)

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table, and the tower's inputs where it has its own."""
        return {"table": self.table} | ({"inputs": self.inputs} if self.settings.parts == "both" else {})

    def vectors(self) -> Tensor:
        """Return the vectors of the product's part; those of sources times its weights."""
        if self.settings.parts == "tower":
            return self.table
        sources = next(iter(self.counts.values()))
        return torch.cat([self.table[:sources] * self.product, self.table[sources:]])

    def scores(self, src: Tensor, dst: Tensor) -> Tensor:
        """Return the [...] scores of sources and destinations."""
        parts = []
        if self.settings.parts != "tower":
            parts.append((_rows(self.table, src) * _rows(self.table, dst)) @ self.product)
        if self.settings.parts != "product":
            inputs = self.inputs if self.settings.parts == "both" else self.table
            parts.append(self.tower(inputs, src, dst))
        total: Tensor = sum(parts[1:], parts[0])
        return total


class Tower(nn.Module):
    """Scores pairs of vectors by three layers of ReLU, each half as wide as the one before.

    The first layer, over both vectors end to end, is the sum of one over each.
    """

    def __init__(self, width: int, hidden: int, dropout: float, generator: torch.Generator) -> None:
        """Draw the parameters of layers over vectors of ``width``."""
        super().__init__()
        self.of_source = _linear(width, hidden, generator)
        self.of_destination = _linear(width, hidden, generator, bias=False)
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Dropout(dropout),
            _linear(hidden, hidden // 2, generator),
            nn.ReLU(),
            nn.Dropout(dropout),
            _linear(hidden // 2, hidden // 4, generator),
            nn.ReLU(),
            _linear(hidden // 4, 1, generator),
        )

    def forward(self, inputs: Tensor, src: Tensor, dst: Tensor) -> Tensor:
        """Return the [...] scores of pairs of rows of ``inputs``, broadcast against each other."""
        first = _rows(inputs, src, self.of_source) + _rows(inputs, dst, self.of_destination)
        scores: Tensor = self.layers(first).squeeze(-1)
        return scores


def _rows(table: Tensor, rows: Tensor, layer: nn.Module | None = None) -> Tensor:
    """Return the [..., width] rows of a table, through a layer that sees each distinct one once."""
    if layer is None:
        return table.index_select(0, rows.flatten()).view(*rows.shape, -1)
    touched, places = torch.unique(rows, return_inverse=True)
    return _rows(layer(table.index_select(0, touched)), places)


def _linear(inputs: int, outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """Return a layer with weights by Xavier and biases of 0."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
