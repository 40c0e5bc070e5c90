"""The interface of encoders: settings that build a network, and the network."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.arrays import F32
from embedding_features.config import METHOD_PLUG_INS, Part
from embedding_features.encoders.distinct_rows import distinct_rows
from embedding_features.errors import ConfigError
from embedding_features.graph.adjacency import Norm
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class Encoder(Part):
    """Settings of a network.

    Attributes:
        dim: width of its vectors.
        std: standard deviation of the normal distribution that parameters start from.
        weights: how the network uses the view's weights; None where it reads no edges.
    """

    plug_ins: ClassVar[str] = METHOD_PLUG_INS
    weights: ClassVar[WeightUse | None] = "ignored"

    dim: int = Field(default=64, ge=1)
    std: float = Field(default=0.1, gt=0)

    @abstractmethod
    def build(self, view: GraphView, generator: torch.Generator) -> "Network":
        """Build the network with fresh parameters for the nodes of ``view``, drawn from ``generator``.

        A saved network is read back by building it for a view of the same nodes and relations without edges,
        and loading its state; what it keeps of edges it keeps in an :class:`.AdjacencyBuffers`, which takes
        whatever graph was saved.
        """


@dataclass(frozen=True)
class Messages:
    """Says what nodes give to the vector of a node that is new to a network.

    Attributes:
        vectors: [nodes, dim] in rows of the network. The vector of a new node is their sum over its
            neighbours, weighted by its edges.
        norm: of the edges.
    """

    vectors: Tensor
    norm: Norm


@dataclass(frozen=True)
class Encoded:
    """Holds the vectors of a step's examples.

    Attributes:
        src: [batch, dim].
        dst: [batch, dim].
        negatives: [batch, count, dim], or [count, dim] where the batch shares them.
        views: two other encodings of the same examples, for a loss that contrasts them; None where the
            network makes none.
        hard: [batch, n, dim] of each anchor's own negatives; None without any.
    """

    src: Tensor
    dst: Tensor
    negatives: Tensor
    views: "tuple[Encoded, Encoded] | None" = None
    hard: Tensor | None = None


class Network(nn.Module):
    """A network with a vector for each node of a view.

    A subclass defines ``vectors``. Its own parameters are its layer 0, its children the layers above.

    Attributes:
        settings: the settings that it was built from.
        counts: node type → number of nodes, in the order of their rows.
        relations: relation → node types of its ends.
        rotation: [dim, dim] what vectors are multiplied by before they are published: the alignment with the
            space of an earlier network, which any network can follow.
    """

    settings: Encoder
    rotation: Tensor

    def __init__(self, settings: Encoder, view: GraphView) -> None:
        """Take the nodes and the relations of ``view``."""
        super().__init__()
        self.settings = settings
        self.counts = view.counts
        self.relations = {name: (r.src, r.dst) for name, r in view.relations.items()}
        self.register_buffer("rotation", torch.eye(settings.dim))

    @abstractmethod
    def vectors(self) -> Tensor:
        """Return [nodes, dim] the vectors of all nodes, differentiable in the parameters."""

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a step's examples, and their parameters of layer 0, for weight decay.

        By default both are rows of :meth:`vectors`, by one gather, because each costs a dense gradient.
        """
        encoded = gather(self.vectors(), examples)
        return encoded, encoded

    @property
    def ahead(self) -> int:
        """How many steps' examples are made and planned in a thread beside the step; 0 without a thread."""
        return 0

    def plan(self, examples: Examples) -> Examples:
        """Return a step's examples with what of its work needs no parameters, such as sampled neighbourhoods.

        By default there is none.
        """
        return examples

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the parameters that have a row for each node, by name: what a start by id copies."""
        return {}

    def type_parameters(self) -> dict[str, tuple[str, ...]]:
        """Return name → node types of the parameters that have a row for each node of some types alone."""
        return {}

    def observe(self, view: GraphView) -> None:
        """Let the network see another graph of the same nodes; one that reads no edges ignores it."""

    def start_epoch(self) -> None:
        """Draw, from torch's generator, what holds for an epoch of training; by default nothing does."""

    def grow(self, new: Mapping[str, int]) -> None:
        """Append rows of zeros to the nodes of some types, at the ends of their spans."""
        grown = {
            name: [
                torch.cat([part, part.new_zeros(new.get(t, 0), *part.shape[1:])])
                for t, part in self.parts(name).items()
            ]
            for name in (*self.row_parameters(), *self.type_parameters())
        }
        self.counts = {t: count + new.get(t, 0) for t, count in self.counts.items()}
        for name, parts in grown.items():
            learns = self.get_parameter(name).requires_grad
            self.register_parameter(name, nn.Parameter(torch.cat(parts), requires_grad=learns))

    def rotate(self, rotation: F32) -> None:
        """Multiply what is published by ``rotation`` [dim, dim] from now on."""
        self.rotation.copy_(self.rotation @ torch.from_numpy(rotation))

    def messages(self) -> Messages | None:
        """Return what nodes give to a new one; None where the network has no vector for a new node.

        GraphSAGE (Hamilton et al., NeurIPS 2017, section 3.1) calls a network that has one inductive.
        """
        return None

    def edges(self) -> tuple[Tensor, ...]:
        """Return what :meth:`traced` takes of the graph that the network sees; nothing where it reads none.

        These are [e] rows and [e] neighbours (both int64), and [e] float32 weights.
        """
        return ()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return :meth:`vectors` over any edges, in operations of torch alone, for ``torch.export``.

        Raises:
            ConfigError: when this kind of network has no such form.
        """
        if edges or self.edges():
            raise ConfigError(
                f"an encoder of kind {self.settings.kind!r} has no form for export",
                fix="use one that has, for example lookup or light_propagation",
            )
        return self.vectors()

    def published(self, vectors: Tensor) -> dict[str, Tensor]:
        """Return node type → [n, dim] what is published of [nodes, dim] vectors."""
        return self.by_type(vectors @ self.rotation)

    def parts(self, name: str) -> dict[str, Tensor]:
        """Return node type → its rows of one of the :meth:`row_parameters` or :meth:`type_parameters`."""
        types = self.type_parameters().get(name, tuple(self.counts))
        rows = torch.split(self.get_parameter(name).detach(), [self.counts[t] for t in types])
        return dict(zip(types, rows, strict=True))

    def by_type(self, rows: Tensor) -> dict[str, Tensor]:
        """Return node type → its part of [nodes, …] rows of the network."""
        parts = torch.split(rows, list(self.counts.values()))
        return dict(zip(self.counts, parts, strict=True))

    def forward(self) -> dict[str, Tensor]:
        """Return node type → [n, dim] published vectors; row r is row r of that type's embedding table."""
        return self.published(self.vectors())


def gather(vectors: Tensor, examples: Examples, *, sparse: bool = False) -> Encoded:
    """Return the rows of [nodes, dim] vectors that examples name.

    Args:
        vectors: of all nodes.
        examples: of a step.
        sparse: whether the gradient holds these rows alone, as :class:`.Adagrad` takes it: a step then costs
            by the rows that it touches, not by all nodes.
    """
    rows = rows_of(examples)
    if sparse:
        touched, rows = torch.unique(rows, return_inverse=True)
        vectors = distinct_rows(vectors, touched)
    return of_roles(vectors.index_select(0, rows), examples)


def rows_of(examples: Examples) -> Tensor:
    """Return the rows of sources, destinations, negatives and hard ones, one after the other."""
    hard = [] if examples.hard is None else [examples.hard.flatten()]
    return torch.cat([examples.src, examples.dst, examples.negatives.flatten(), *hard])


def of_roles(vectors: Tensor, examples: Examples) -> Encoded:
    """Return the vectors of :func:`rows_of` examples by the roles of their nodes."""
    own = 0 if examples.hard is None else examples.hard.numel()
    sizes = [len(examples.src), len(examples.dst), examples.negatives.numel(), own]
    src, dst, negatives, rest = torch.split(vectors, sizes)
    hard = None if examples.hard is None else rest.view(*examples.hard.shape, vectors.shape[1])
    return Encoded(src, dst, negatives.view(*examples.negatives.shape, vectors.shape[1]), hard=hard)


def check_two_types(settings: Encoder, view: GraphView) -> None:
    """Check that the nodes of a view are the sources of one relation, and then its destinations.

    Raises:
        GraphError: when its first relation joins a node type with itself.
        ConfigError: when there are nodes of a third type.
    """
    relation = view.matrix()
    if list(view.counts) != [relation.src, relation.dst]:
        raise ConfigError(
            f"{settings.kind} has vectors of {relation.src} and {relation.dst}, not of {list(view.counts)}",
            fix=f"let the view see relation {relation.name!r} alone",
        )


def normal(settings: Encoder, view: GraphView, generator: torch.Generator) -> Tensor:
    """Draw [nodes, dim] float32 from N(0, std²), one node type after the other."""
    drawn = [torch.randn(n, settings.dim, generator=generator) for n in view.counts.values()]
    return torch.cat(drawn) * settings.std
