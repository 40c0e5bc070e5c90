"""Propagation without weights that encodes a step's examples twice, for a loss that contrasts the two."""

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import (
    Encoded,
    Encoder,
    Messages,
    Network,
    normal,
    of_roles,
    rows_of,
)
from embedding_features.encoders.propagated_layers import (
    Augment,
    MeanOfLayers,
    layers_at,
    mean_of,
    mean_of_layers,
)
from embedding_features.encoders.uniform_noise import add_noise
from embedding_features.graph.adjacency import Norm
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class ContrastedPropagation(Encoder):
    """Settings of a :class:`ContrastedPropagationNetwork`.

    Attributes:
        layers: number of propagation steps.
        norm: of the adjacency; the papers' is symmetric.
        first_layer: of the mean, 0 or 1. Layer 0 is left out by Yu et al., SIGIR 2022, section 3.1, and kept
            by Wu et al., SIGIR 2021.
        noise: length of the noise on each vector of each layer above 0.
        dropped: share of the edges that are left out, others for each of two encodings, drawn once an epoch.
        contrasted_layer: None encodes a step's examples twice more beside their vectors, and contrasts these
            encodings; l augments the vectors themselves and contrasts them with their layer l, which costs
            one encoding in place of three (Yu et al., XSimGCL, TKDE 2023, section 3.2).
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["contrasted_propagation"] = "contrasted_propagation"
    layers: int = Field(default=2, ge=1)
    norm: Norm = "symmetric"
    first_layer: Literal[0, 1] = 1
    noise: float = Field(default=0.1, ge=0)
    dropped: float = Field(default=0.0, ge=0, lt=1)
    contrasted_layer: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _has_the_layer(self) -> "ContrastedPropagation":
        if self.contrasted_layer is not None and self.contrasted_layer > self.layers:
            raise ValueError(
                f"contrasted_layer: {self.contrasted_layer} is above the last of {self.layers} layers"
            )
        return self

    def build(self, view: GraphView, generator: torch.Generator) -> "ContrastedPropagationNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return ContrastedPropagationNetwork(self, view, normal(self, view, generator))


class ContrastedPropagationNetwork(Network):
    """Propagates e^(k+1) = Â e^(k) and averages e^(first_layer) … e^(layers).

    Training alone sees noise and dropped edges: :meth:`vectors`, :meth:`messages` and the traced form are of
    the graph as it is. What is drawn comes from torch's generator.
    """

    settings: ContrastedPropagation

    def __init__(self, settings: ContrastedPropagation, view: GraphView, table: Tensor) -> None:
        """Take ``table`` [nodes, dim] as the parameters, and the adjacency of ``view``."""
        super().__init__(settings, view)
        self.table = nn.Parameter(table)
        self.adjacency = AdjacencyBuffers(view.adjacency(norm=settings.norm))
        self._see(view)

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table."""
        return {"table": self.table}

    def observe(self, view: GraphView) -> None:
        """Propagate over ``view`` from now on."""
        self.adjacency.set(view.adjacency(norm=self.settings.norm))
        self._see(view)

    def start_epoch(self) -> None:
        """Draw the edges that each of two encodings leaves out."""
        if self._whole is not None:
            view, norm = self._whole, self.settings.norm
            edges = sum(relation.forward.edges for relation in view.relations.values())
            outs = (torch.rand(edges) < self.settings.dropped for _ in range(2))
            self._graphs = [AdjacencyBuffers(view.without(o.numpy()).adjacency(norm=norm)) for o in outs]

    def vectors(self) -> Tensor:
        """Return the propagated vectors."""
        steps = self.settings.layers - self.settings.first_layer
        vectors: Tensor = MeanOfLayers.apply(self.table, self.adjacency.times, steps)  # type: ignore[no-untyped-call]
        return self.adjacency.times(vectors) if self.settings.first_layer else vectors

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the propagated vectors of a step's examples with two views, and their rows of the table."""
        touched, places = torch.unique(rows_of(examples), return_inverse=True)

        def of_examples(vectors: Tensor) -> Encoded:
            return of_roles(vectors.index_select(0, places), examples)

        def mean(layers: tuple[Tensor, ...]) -> Encoded:
            return of_examples(mean_of(layers[self.settings.first_layer :]))

        augmented = (self._layers(graph, touched, self._noise()) for graph in self._graphs)
        if self.settings.contrasted_layer is None:
            layers = self._layers(self.adjacency, touched, None)
            encoded = mean(layers)
            one, other = (mean(noisy) for noisy in augmented)
        else:
            layers = next(augmented)
            encoded = one = mean(layers)
            other = of_examples(layers[self.settings.contrasted_layer])
        return replace(encoded, views=(one, other)), of_examples(layers[0])

    def messages(self) -> Messages:
        """Return what a new node's neighbours give to it, which has no e^(0) of its own.

        This is (e^(0) + … + e^(layers − 1)) over the number of layers in the mean.
        """
        below, share = self.settings.layers, self.settings.layers + 1 - self.settings.first_layer
        with torch.no_grad():
            vectors = mean_of_layers(self.table, self.adjacency.times, below - 1)
        return Messages(vectors * (below / share), self.settings.norm)

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the propagation over other entries."""
        rows, neighbours, weight = edges

        def step(x: Tensor) -> Tensor:
            return torch.zeros_like(x).index_add(0, rows, x[neighbours] * weight[:, None])

        first = self.settings.first_layer
        vectors = mean_of_layers(self.table, step, self.settings.layers - first)
        return step(vectors) if first else vectors

    def _see(self, view: GraphView) -> None:
        """Encode over the whole of ``view`` until an epoch starts."""
        self._whole = view if self.settings.dropped else None
        self._graphs = [self.adjacency, self.adjacency]

    def _layers(self, graph: AdjacencyBuffers, rows: Tensor, augment: Augment | None) -> tuple[Tensor, ...]:
        return layers_at(self.table, graph, self.settings.layers, rows, augment)

    def _noise(self) -> Augment | None:
        """Return noise of its own for each layer."""
        if not self.settings.noise:
            return None
        keys = torch.randint(2**62, (self.settings.layers,)).tolist()

        def augment(layer: int, vectors: Tensor, nodes: Tensor) -> None:
            add_noise(vectors, nodes, self.settings.noise, keys[layer - 1])

        return augment
