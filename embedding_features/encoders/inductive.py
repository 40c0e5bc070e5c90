"""What networks share that make vectors of nodes from their features and their neighbours."""

import copy
from abc import abstractmethod
from typing import Any, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.arrays import I64
from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, Network, gather
from embedding_features.encoders.features import Features, NodeInputs
from embedding_features.encoders.input_layer import Starts, resize
from embedding_features.encoders.passes import Pass
from embedding_features.errors import ConfigError
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.sampling.base import Examples


class InductiveEncoder(Encoder):
    """Settings that such networks share.

    Attributes:
        features: which columns of nodes' tables are read, and how.
        labels: relation of the view from nodes to their labels; no messages go along it.
        dropout: share of the inputs of each layer that a training step leaves out.
        weight_decay: λ of λ/2 |W|² of the first layer's weights, whose gradient each training step adds.
    """

    features: Features = Features()
    labels: str | None = None
    dropout: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)


class InductiveNetwork(Network):
    """Makes the vectors of nodes from what is known of them, and of their neighbours.

    Nodes of a type with features start from these, so that new ones have vectors as well. Those of a type
    without any have learned vectors [nodes, dim], rows of ``table``, to start from. A type that no messages
    reach and that has no features, such as labels, has these vectors themselves.

    A subclass defines ``_layers``, ``_edges`` and ``steps``.
    """

    settings: InductiveEncoder
    table: nn.Parameter | None

    def __init__(self, settings: InductiveEncoder, view: GraphView, generator: torch.Generator) -> None:
        """Take the nodes of ``view``, and fit the rules of their features."""
        super().__init__(settings, view)
        if not self.messages_along:
            raise ConfigError(
                f"labels {settings.labels!r} are the view's only relation, and no messages go along it",
                fix="name relations between nodes beside it",
            )
        self.inputs = NodeInputs(settings.features, view)
        drawn = [
            torch.randn(view.counts[t], settings.dim, generator=generator) * settings.std
            for t in self.learned_types
        ]
        self.register_parameter("table", nn.Parameter(torch.cat(drawn)) if drawn else None)
        self.adjacency = AdjacencyBuffers(self._edges(view))

    @property
    def learned_types(self) -> tuple[str, ...]:
        """The node types without features."""
        return tuple(t for t in self.counts if t not in self.inputs.encodings)

    @property
    def messages_along(self) -> tuple[str, ...]:
        """The relations that messages go along."""
        return tuple(name for name in self.relations if name != self.settings.labels)

    def type_parameters(self) -> dict[str, tuple[str, ...]]:
        """Return the table, where there is one."""
        return {} if self.table is None else {"table": self.learned_types}

    def observe(self, view: GraphView) -> None:
        """Take the features and the edges of another graph's nodes, by the same rules."""
        self.inputs.set(view)
        self.adjacency.set(self._edges(view))

    def over(self, view: GraphView) -> Self:
        """Return a network of the same parameters for the nodes of another graph, by the same rules.

        Args:
            view: of a graph of the same, perhaps longer, vocabularies. A node of a type without features has
                the learned vector of its row, and zeros where that is new.
        """
        kept = {id(parameter): parameter for parameter in self.parameters()}
        seen: dict[int, Any] = {
            id(self.settings): self.settings,
            id(self.inputs): self.inputs.over(view),
            id(self.adjacency): AdjacencyBuffers(self._edges(view)),
        }
        twin = copy.deepcopy(self, {**kept, **seen})
        twin.counts = view.counts
        if self.table is not None:
            rows = {t: view.nodes[t].rows for t in self.learned_types}
            parts = [_taken(part, rows[t]) for t, part in self.parts("table").items()]
            twin.register_parameter("table", nn.Parameter(torch.cat(parts)))
        return twin

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def vectors(self) -> Tensor:
        """Return the vectors of all nodes."""
        return self.passed(Pass())

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a training step's examples, twice; of this pass some inputs are left out."""
        encoded = gather(self.passed(self.training_pass()), examples)
        return encoded, encoded

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors over any edges, in operations of torch alone."""
        return self.passed(Pass(edges=edges))

    def training_pass(self) -> Pass:
        """Return how a training step passes through the layers."""
        return Pass(self.settings.dropout, self.settings.weight_decay)

    def starts(self) -> Starts:
        """Return what the nodes start from."""
        types = self.learned_types
        parts = () if self.table is None else torch.split(self.table, [self.counts[t] for t in types])
        return Starts(self.inputs, dict(zip(types, parts, strict=True)), self.counts)

    def passed(self, how: Pass) -> Tensor:
        """Return [nodes, dim] the vectors of a pass; types that no messages reach have their learned ones."""
        return self.with_still(self._layers(how))

    def with_still(self, out: Tensor) -> Tensor:
        """Return the output of the last layer, with learned vectors for types that no messages reach."""
        reached = {end for name in self.messages_along for end in self.relations[name]}
        learned = self.starts().learned
        if reached >= learned.keys():
            return out
        parts = self.by_type(out).items()
        return torch.cat([learned[t] if t in learned and t not in reached else part for t, part in parts])

    @abstractmethod
    def _layers(self, how: Pass) -> Tensor:
        """Return [nodes, dim] the output of the last layer."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """How far messages go."""

    @abstractmethod
    def _edges(self, view: GraphView) -> CSR:
        """Return the [nodes, nodes] symmetric matrix that messages go along."""

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        resize(self, ("table",), state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _taken(table: Tensor, rows: I64) -> Tensor:
    """Return rows of a table, zeros of rows behind its end."""
    known = torch.from_numpy(rows < len(table))
    taken = table.new_zeros(len(rows), table.shape[1])
    taken[known] = table[torch.from_numpy(rows)[known]]
    return taken
