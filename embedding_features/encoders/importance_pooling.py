"""Convolutions over the neighbours that random walks visit most (PinSage)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import normalize, relu

from embedding_features.arrays import F32, I32, I64
from embedding_features.encoders.base import Encoded, Encoder, Network, gather, normal, of_roles, rows_of
from embedding_features.encoders.distinct_rows import distinct_rows
from embedding_features.errors import SnapshotError
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples
from embedding_features.sampling.blocks import (
    Blocks,
    Neighbourhoods,
    sample_blocks,
    sums_by_edges,
    whole_block,
)
from embedding_features.walks.visits import VisitCounts

#: where places behind the last neighbour are sorted to
_LAST = np.iinfo(np.int32).max


class ImportancePooling(Encoder):
    """Settings of an :class:`ImportancePoolingNetwork`.

    Attributes:
        layers: convolutions. More of them hear of farther nodes; a step's rows multiply with each.
        visits: the walks that choose a node's neighbours; ``top`` is how many it hears.
        unseen: in training, share of the nodes of a step whose own vector is hidden from them, so that they
            are made of their neighbours alone, as a node is that comes later.
        sparse: whether a step's gradient holds the rows of layer 0 that it read alone; the optimizer is
            Adagrad.
        batches_ahead: steps' neighbourhoods that are sampled in a thread beside the step; 0: none.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["importance_pooling"] = "importance_pooling"
    layers: int = Field(default=2, ge=1)
    visits: VisitCounts = VisitCounts(steps=1000, restart=0.5, top=10)
    unseen: float = Field(default=0.0, ge=0, lt=1)
    sparse: bool = False
    batches_ahead: int = Field(default=2, ge=0)

    def build(self, view: GraphView, generator: torch.Generator) -> "ImportancePoolingNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return ImportancePoolingNetwork(self, view, generator)


class Convolution(nn.Module):
    """Computes a layer of the one below (Ying et al., KDD 2018, algorithm 1).

    n_u = Σ_v α_uv ReLU(Q h_v + q),  h'_u = ReLU(W [h_u; n_u] + w),  divided by its length.

    It starts near the sum h_u + Σ_v α_uv h_v, whose positive and negative parts are its two halves: a network
    that begins as a propagation learns in few passes. To that a tenth of random weights is added.

    Args:
        dim: half the width of h', and of n.
        below: width of h: dim, or, where it has two halves itself, twice that.
        generator: that random weights are drawn from.
    """

    def __init__(self, dim: int, below: int, generator: torch.Generator) -> None:
        super().__init__()
        halves, whole = _halves(dim), _whole(dim, below)
        self.said = _linear(halves @ whole, generator)
        self.update = _linear(halves @ torch.cat([whole, halves.T], 1), generator)

    def say(self, x: Tensor) -> Tensor:
        """Return [m, 2 dim] what the nodes below say to who hears them."""
        return relu(self.said(x))

    def forward(self, own: Tensor, heard: Tensor) -> Tensor:
        """Return [n, 2 dim] the layer, of its nodes' own [n, below] and the pooled [n, 2 dim]."""
        return normalize(relu(self.update(torch.cat([own, heard], 1))), dim=1)


class ImportancePoolingNetwork(Network):
    """Convolves over top visited neighbours: z = G₂ ReLU(G₁ h + g) of the last layer's h (algorithm 2).

    Layer 0 is the parameter ``table`` [nodes, dim]. The neighbours of a node are those that its walks with
    restarts visit most, with weights in proportion to the visits, 1 together. They are drawn with one seed
    for all networks: like edges they are a function of the graph.
    """

    settings: ImportancePooling
    nodes: Tensor
    importance: Tensor

    def __init__(self, settings: ImportancePooling, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters from ``generator``, and the neighbourhoods from ``view``."""
        super().__init__(settings, view)
        dim, halves = settings.dim, _halves(settings.dim)
        self.table = nn.Parameter(normal(settings, view, generator))
        widths = (dim, *[2 * dim] * (settings.layers - 1))
        self.convolutions = nn.ModuleList(Convolution(dim, below, generator) for below in widths)
        inner = _linear(halves @ halves.T, generator)
        self.readout = nn.Sequential(inner, nn.ReLU(), _linear(halves.T, generator, bias=False))
        self._hear(find_neighbourhoods(view.adjacency(), settings.visits))

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table."""
        return {"table": self.table}

    def observe(self, view: GraphView) -> None:
        """Hear the neighbours that nodes have in ``view`` from now on."""
        self._hear(find_neighbourhoods(view.adjacency(), self.settings.visits))

    def hear(self, adjacency: CSR, rows: I64) -> None:
        """Let some nodes hear the neighbours that they have in another graph; the others hear whom they did.

        So nodes that come later get their vectors of their edges, at the cost of their own walks.

        Args:
            adjacency: [nodes, nodes] edges in both directions, those of the new nodes among them.
            rows: [n] of the nodes.
        """
        found, places = find_neighbourhoods(adjacency, self.settings.visits, rows), torch.from_numpy(rows)
        self.nodes[places] = torch.from_numpy(found.nodes).to(self.nodes.device)
        self.importance[places] = torch.from_numpy(found.weights).to(self.importance.device)

    def grow(self, new: Mapping[str, int]) -> None:
        """Append rows of zeros to the nodes of some types; they hear nobody until they are told whom."""
        added = [new.get(node_type, 0) for node_type in self.counts]
        moved_by = np.repeat(np.cumsum([0, *added[:-1]]), list(self.counts.values()))
        super().grow(new)
        before = self.around
        nodes = np.full((sum(self.counts.values()), before.nodes.shape[1]), -1, np.int32)
        weights = np.zeros(nodes.shape, np.float32)
        places = np.arange(len(moved_by)) + moved_by
        nodes[places] = np.where(before.nodes < 0, -1, before.nodes + moved_by[before.nodes])
        weights[places] = before.weights
        self._hear(Neighbourhoods(nodes, weights))

    @property
    def around(self) -> Neighbourhoods:
        """Whom each node hears."""
        return Neighbourhoods(self.nodes.cpu().numpy(), self.importance.cpu().numpy())

    @property
    def ahead(self) -> int:
        """How many steps are planned beside the step."""
        return self.settings.batches_ahead

    def plan(self, examples: Examples) -> Examples:
        """Return the examples with the sampled neighbourhoods of all their rows."""
        return examples._replace(blocks=self._blocks(rows_of(examples)))

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a step's examples, computed of their neighbourhoods, and rows of the table.

        The cost, and the memory, are by the examples and their neighbourhoods, not by all nodes.
        """
        blocks = examples.blocks or self._blocks(rows_of(examples))
        vectors = self._sampled(blocks, self.settings.unseen)
        return of_roles(vectors, examples), gather(self.table, examples, sparse=self.settings.sparse)

    def vectors_of(self, rows: Tensor) -> Tensor:
        """Return [n, dim] vectors of some nodes, computed of their neighbourhoods alone."""
        return self._sampled(self._blocks(rows), 0.0)

    def vectors(self) -> Tensor:
        """Return the vectors of all nodes, each computed once a layer."""
        block, x = whole_block(self.around), self.table
        for convolution in self.convolutions:
            x = convolution(x, block.sums(convolution.say(x)))  # type: ignore[operator]
        return self._read(x)

    def edges(self) -> tuple[Tensor, ...]:
        """Return whom nodes hear, as entries of a matrix."""
        return whole_block(self.around).edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors over other entries."""
        x: Tensor = self.table
        for convolution in self.convolutions:
            x = convolution(x, sums_by_edges(len(x), edges, convolution.say(x)))  # type: ignore[operator]
        return self._read(x)

    def _blocks(self, rows: Tensor) -> Blocks:
        return sample_blocks(self.around, rows.cpu().numpy(), self.settings.layers)

    def _sampled(self, blocks: Blocks, unseen: float) -> Tensor:
        """Return the vectors of blocks; of a share ``unseen`` of the nodes without their own layer 0."""
        rows = blocks.rows
        x = distinct_rows(self.table, rows) if self.settings.sparse else self.table.index_select(0, rows)
        own = x * (torch.rand(len(x), 1, device=x.device) >= unseen) if unseen else x
        for convolution, block in zip(self.convolutions, blocks.layers, strict=True):
            x = convolution(own.index_select(0, block.own), block.sums(convolution.say(x)))  # type: ignore[operator]
            own = x
        return self._read(x).index_select(0, blocks.places)

    def _read(self, x: Tensor) -> Tensor:
        read: Tensor = self.readout(x)
        return read

    def _hear(self, around: Neighbourhoods) -> None:
        for name, array in (("nodes", around.nodes), ("importance", around.weights)):
            device = self._buffers[name].device if name in self._buffers else "cpu"  # type: ignore[union-attr]
            self.register_buffer(name, torch.from_numpy(array).to(device))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        if prefix + "nodes" in state_dict:
            _check_rows(state_dict[prefix + "nodes"], sum(self.counts.values()))
        super()._load_from_state_dict(state_dict, prefix, *args)


def find_neighbourhoods(adjacency: CSR, visits: VisitCounts, rows: I64 | None = None) -> Neighbourhoods:
    """Return the nodes that walks from each node visit most, with their shares of the visits.

    Args:
        adjacency: [nodes, nodes] edges in both directions.
        visits: how they are counted; ``top`` of them are kept.
        rows: [n] of the nodes that are asked for; None asks for all.
    """
    found = visits.count(adjacency, np.arange(adjacency.rows) if rows is None else rows, seed=0)
    order = np.argsort(np.where(found.nodes < 0, _LAST, found.nodes), axis=1, kind="stable")
    nodes: I32 = np.take_along_axis(found.nodes, order, 1).astype(np.int32)
    counts = np.take_along_axis(found.counts, order, 1)
    shares: F32 = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Neighbourhoods(nodes, shares)


def _halves(dim: int) -> Tensor:
    """Return [2 dim, dim] what makes of x the pair (x, −x), whose ReLU are the parts of x."""
    return torch.cat([torch.eye(dim), -torch.eye(dim)])


def _whole(dim: int, width: int) -> Tensor:
    """Return [dim, width] what makes x of itself, or, where that is twice as wide, of its two parts."""
    return torch.eye(dim) if width == dim else _halves(dim).T


def _linear(start: Tensor, generator: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """Return an affine map near ``start`` [outputs, inputs], its bias 0.

    Added is a tenth of Glorot & Bengio's random weights (AISTATS 2010).
    """
    layer = nn.utils.skip_init(nn.Linear, start.shape[1], start.shape[0], bias=bias)  # type: ignore[no-untyped-call]
    nn.init.xavier_uniform_(layer.weight, gain=0.1, generator=generator)
    with torch.no_grad():
        layer.weight += start
    if bias:
        nn.init.zeros_(layer.bias)
    return layer  # type: ignore[no-any-return]


def _check_rows(nodes: Tensor, size: int) -> None:
    """Check rows that compiled kernels are going to trust."""
    if nodes.dtype != torch.int32 or (nodes.numel() and (nodes.min() < -1 or nodes.max() >= size)):
        raise SnapshotError(f"neighbours that are no rows of {size} nodes", fix="publish it again")
