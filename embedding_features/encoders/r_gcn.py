"""Convolutions with weights of each relation (R-GCN)."""

from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.encoders.inductive import InductiveEncoder, InductiveNetwork
from embedding_features.encoders.input_layer import InputLayer, glorot
from embedding_features.encoders.passes import Pass
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse


class RGCN(InductiveEncoder):
    """Settings of an :class:`RGCNNetwork`.

    Attributes:
        bases: B, matrices that the weights of all relations are sums of.
        layers: number of convolutions.
    """

    weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["r_gcn"] = "r_gcn"
    bases: int = Field(default=2, ge=1)
    layers: int = Field(default=2, ge=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "RGCNNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return RGCNNetwork(self, view, generator)


class RGCNNetwork(InductiveNetwork):
    """Convolves each relation, and its reciprocal, with weights of its own.

    h'_i = ReLU(W₀ h_i + Σ_r 1/|N_r(i)| Σ_{j ∈ N_r(i)} W_r h_j), W_r = Σ_b a_rb V_b, the last layer without
    ReLU (Schlichtkrull et al. 2018, eqs. 2 and 3). Entries of its adjacency hold the number of the relation:
    k where a target hears its source, k + the number of relations where it is the other way round.
    """

    settings: RGCN

    def __init__(self, settings: RGCN, view: GraphView, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().__init__(settings, view, generator)
        dim, width = settings.dim, settings.dim * (settings.bases + 1)
        self.first = InputLayer(self.inputs, self.table, width, generator)
        self.later = nn.ParameterList(glorot(dim, width, generator) for _ in range(settings.layers - 1))
        shape = 2 * len(self.messages_along), settings.bases
        self.shares = nn.ParameterList(glorot(*shape, generator) for _ in range(settings.layers))

    @property
    def steps(self) -> int:
        """How far messages go."""
        return self.settings.layers

    def _edges(self, view: GraphView) -> CSR:
        triples = view.triples()
        names = list(view.relations)
        number = np.array([_place(self.messages_along, name) for name in names])[triples.relation]
        sent, count = number >= 0, len(self.messages_along)
        src, dst, number = triples.src[sent], triples.dst[sent], number[sent]
        ends = np.concatenate([dst, src]), np.concatenate([src, dst])
        weight = np.concatenate([number, number + count]).astype(np.float32)
        return CSR.from_edges(*ends, (view.size, view.size), weight)

    def _layers(self, how: Pass) -> Tensor:
        rows, neighbours, weight = how.edges or self.edges()
        relation = weight.long()
        h = self._joined(self.first(self.starts(), how), 0, rows, neighbours, relation)
        for layer, weights in enumerate(self.later, 1):
            h = self._joined(how.drop(h.relu()) @ weights, layer, rows, neighbours, relation)
        return h

    def _joined(self, sent: Tensor, layer: int, rows: Tensor, neighbours: Tensor, relation: Tensor) -> Tensor:
        """Return what a layer makes of [nodes, (1 + B) dim]: W₀ h, and V_b h of each basis."""
        own, bases = sent[:, : self.settings.dim], sent[:, self.settings.dim :]
        shares = self.shares[layer]
        places = rows * len(shares) + relation
        counts = sent.new_zeros(len(sent) * len(shares)).index_add(
            0, places, torch.ones_like(rows, dtype=sent.dtype)
        )
        scaled = (shares[relation] / counts[places][:, None])[:, :, None]
        heard = bases.reshape(len(sent), self.settings.bases, -1)[neighbours]
        return own + torch.zeros_like(own).index_add(0, rows, (scaled * heard).sum(1))


def _place(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1
