"""A free vector for each node, as in matrix factorization."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from embedding_features.encoders.base import Encoded, Encoder, Network, gather, normal
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class Lookup(Encoder):
    """Settings of a :class:`LookupNetwork`.

    Attributes:
        context: whether each node has a second vector, as a context of others (skip-grams).
        sparse: whether a step's gradient holds the rows of its examples alone; the optimizer is Adagrad.
    """

    weights: ClassVar[WeightUse | None] = None
    kind: Literal["lookup"] = "lookup"
    context: bool = False
    sparse: bool = False

    def build(self, view: GraphView, generator: torch.Generator) -> "LookupNetwork":
        """Build the network with fresh parameters for the nodes of ``view``; contexts are zeros."""
        table = normal(self, view, generator)
        return LookupNetwork(self, view, table, torch.zeros_like(table) if self.context else None)


class LookupNetwork(Network):
    """Has the vectors themselves as its parameters ``table`` [nodes, dim].

    Where the settings say so it keeps ``context`` [nodes, dim] beside them, which a later fit starts from.
    """

    settings: Lookup

    def __init__(
        self, settings: Lookup, view: GraphView, table: Tensor, context: Tensor | None = None
    ) -> None:
        """Take ``table``, and ``context``, as the parameters."""
        super().__init__(settings, view)
        self.table = nn.Parameter(table)
        self.context = None if context is None else nn.Parameter(context)

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table, and the contexts where there are any."""
        return {"table": self.table} | ({} if self.context is None else {"context": self.context})

    def vectors(self) -> Tensor:
        """Return the parameters."""
        return self.table

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the rows of a step's examples."""
        encoded = gather(self.table, examples, sparse=self.settings.sparse)
        return encoded, encoded
