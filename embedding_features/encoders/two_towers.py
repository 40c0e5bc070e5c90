"""Two towers: sources by their id, features and history, destinations by their id and features."""

from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, gather
from embedding_features.encoders.features import Features, NodeInputs
from embedding_features.encoders.history_network import HistoryNetwork, sum_items
from embedding_features.encoders.input_layer import glorot, resize
from embedding_features.graph.csr import CSR
from embedding_features.graph.has_edges import has_edges
from embedding_features.graph.sequences import Windows
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class TwoTowers(Encoder):
    """Settings of a :class:`TwoTowersNetwork`.

    Attributes:
        ids: whether sources have vectors of their own.
        hidden: widths of the layers of the sources' tower between its input and the last, linear, one;
            without any, the input itself is the vector.
        features: which columns of nodes' tables are read, and how.
    """

    weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["two_towers"] = "two_towers"
    ids: bool = True
    hidden: tuple[int, ...] = Field(default=())
    features: Features = Features()

    def build(self, view: GraphView, generator: torch.Generator) -> "TwoTowersNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return TwoTowersNetwork(self, view, generator)


class TwoTowersNetwork(HistoryNetwork):
    """Makes a source's vector of its own and the mean of its history's, a destination's of its own.

    A node's own vector is its row of ``table``, plus its features times ``of_features`` where the view knows
    any. The history of a source are the destinations that it has an edge to in the view's first relation; of
    an example the one that it is asked for is left out. The mean of their vectors, times a matrix that starts
    as 1, is added to the source's own. Covington, Adams & Sargin, RecSys 2016, figure 3; Yi et al., RecSys
    2019, figure 2. A source that has no history, and no vector of its own, is a tower of 0.

    The parameters ``table`` are [nodes, dim], or without ``ids`` [destinations, dim], ``of_features``
    [columns, dim].
    """

    settings: TwoTowers
    of_features: nn.Parameter | None

    def __init__(self, settings: TwoTowers, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters, and take the histories of the view's first relation."""
        super().__init__(settings, view)
        relation, dim = view.matrix(), settings.dim
        self.source_type, self.destination_type = relation.src, relation.dst
        drawn = {t: torch.randn(n, dim, generator=generator) * settings.std for t, n in view.counts.items()}
        with_rows = self.counts if settings.ids else (self.destination_type,)
        self.table = nn.Parameter(torch.cat([drawn[node_type] for node_type in with_rows]))
        self.inputs = NodeInputs(settings.features, view)
        weight = glorot(self.inputs.width, dim, generator) if self.inputs.width else None
        self.register_parameter("of_features", weight)
        self.of_history = nn.Parameter(torch.eye(dim))
        widths = (dim, *settings.hidden, dim) if settings.hidden else ()
        self.layers = nn.ModuleList(_layer(a, b, generator) for a, b in pairwise(widths))
        self.adjacency = AdjacencyBuffers(_histories(view))

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table, where every node has a row in it and nothing is added to that."""
        return {"table": self.table} if self.settings.ids and self.of_features is None else {}

    def type_parameters(self) -> dict[str, tuple[str, ...]]:
        """Return the table otherwise."""
        types = tuple(self.counts) if self.settings.ids else (self.destination_type,)
        return {} if self.row_parameters() else {"table": types}

    def observe(self, view: GraphView) -> None:
        """Read the features and the histories of ``view`` from now on."""
        self.inputs.set(view)
        self.adjacency.set(_histories(view))

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def vectors(self) -> Tensor:
        """Return the vectors of both towers."""
        own = self._own()
        sums = self.adjacency.times(own)[self._span(self.source_type)]
        counts = self.adjacency.indptr.diff()[self._span(self.source_type)]
        return self._joined(own, sums / counts.clamp_min(1).unsqueeze(1))

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a step's examples, whose histories lack what they are asked for."""
        touched, places = torch.unique(examples.src, return_inverse=True)
        table = self._own()
        sums: Tensor = _HistorySums.apply(table, self.adjacency, touched)  # type: ignore[no-untyped-call]
        own = self._known(examples)
        ego = gather(table, examples)
        rest = sums[places] - ego.dst * own.unsqueeze(1)
        counts = (self.adjacency.indptr.diff()[examples.src] - own.int()).clamp_min(1)
        vectors = self._tower(ego.src, rest / counts.unsqueeze(1))
        return Encoded(vectors, ego.dst, ego.negatives), ego

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors over other entries."""
        rows, neighbours, weight = edges
        own = self._own(traced=True)
        sums = torch.zeros_like(own).index_add(0, rows, own[neighbours] * weight[:, None])
        counts = torch.zeros(len(own)).index_add(0, rows, torch.ones_like(weight)).clamp_min(1)
        return self._joined(own, (sums / counts[:, None])[self._span(self.source_type)])

    def of_histories(self, windows: Windows, own: Tensor) -> Tensor:
        """Return the vectors of sources with these histories; the own vector of an unknown one is 0."""
        if self.settings.ids or self.of_features is not None:
            table, first = self._own(traced=True), 0  # in double precision, too
        else:  # a request need not make the zeros of all sources
            table, first = self.table, self.first_row(self.destination_type)
        sums, counts = sum_items(table, windows, first)
        vectors = torch.zeros_like(sums) if first else table[own.clamp_min(0)] * (own >= 0).unsqueeze(1)
        return self._tower(vectors, sums / counts.clamp_min(1))

    def _known(self, examples: Examples) -> Tensor:
        """Return [batch] whether the history of each source holds what it is asked for."""
        adjacency = self.adjacency.indptr, self.adjacency.indices
        arrays = (part.cpu().numpy() for part in (*adjacency, examples.src, examples.dst))
        return torch.from_numpy(has_edges(*arrays)).to(examples.src.device)

    def _joined(self, own: Tensor, histories: Tensor) -> Tensor:
        """Return [nodes, dim] vectors, from own vectors of all and [sources, dim] means of histories."""
        made = {
            self.source_type: self._tower(own[self._span(self.source_type)], histories),
            self.destination_type: own[self._span(self.destination_type)],
        }
        return torch.cat([made[node_type] for node_type in self.counts])

    def _tower(self, own: Tensor, histories: Tensor) -> Tensor:
        """Return the vectors of sources, from their own and the means of their histories."""
        x = own + histories @ self.of_history
        for number, layer in enumerate(self.layers):
            x = layer(functional.relu(x) if number else x)
        return x

    def _own(self, traced: bool = False) -> Tensor:
        """Return the [nodes, dim] own vectors: rows of the table, and what features make."""
        if self.of_features is None:
            return self._padded()
        times = self.inputs.traced_times if traced else self.inputs.times
        return self._padded() + times(self.of_features)

    def _padded(self) -> Tensor:
        """Return the [nodes, dim] table, with zeros for sources that have no vectors of their own."""
        if self.settings.ids:
            return self.table
        zeros = self.table.new_zeros(self.counts[self.source_type], self.settings.dim)
        made = {self.source_type: zeros, self.destination_type: self.table}
        return torch.cat([made[node_type] for node_type in self.counts])

    def _span(self, node_type: str) -> slice:
        start = self.first_row(node_type)
        return slice(start, start + self.counts[node_type])

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        resize(self, ("of_features",), state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _HistorySums(torch.autograd.Function):
    """Differentiates the sums of the histories of some rows: the matrix is its own transpose."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, adjacency: AdjacencyBuffers, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.adjacency = adjacency
        return adjacency.rows_times(rows, table)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (rows,) = ctx.saved_tensors
        return ctx.adjacency.times_rows(rows, gradients[0].contiguous()), None, None


def _histories(view: GraphView) -> CSR:
    return view.adjacency((view.matrix().name,))


def _layer(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(outputs, inputs, generator=generator) / inputs**0.5)
        layer.bias.zero_()
    return layer
