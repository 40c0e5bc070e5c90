"""Deep graph infomax: a convolution that tells nodes from ones of shuffled features."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import prelu

from embedding_features.encoders.base import Encoded, gather
from embedding_features.encoders.inductive import InductiveEncoder, InductiveNetwork
from embedding_features.encoders.input_layer import InputLayer, glorot
from embedding_features.encoders.message_edges import looped_adjacency, propagated
from embedding_features.encoders.passes import Pass
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class DGI(InductiveEncoder):
    """Settings of a :class:`DGINetwork`."""

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["dgi"] = "dgi"

    def build(self, view: GraphView, generator: torch.Generator) -> "DGINetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return DGINetwork(self, view, generator)


class DGINetwork(InductiveNetwork):
    """Convolves once, H = PReLU(Â X W + b), and in training nodes of shuffled features beside.

    Veličković et al. 2019, section 4.2: the corruption shuffles the rows of X, within each node type. The
    ``discriminator`` [dim, dim] compares nodes with the summary of all (eq. 4); nothing that is published
    needs it.
    """

    settings: DGI

    def __init__(self, settings: DGI, view: GraphView, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().__init__(settings, view, generator)
        self.first = InputLayer(self.inputs, self.table, settings.dim, generator)
        self.bias = nn.Parameter(torch.zeros(settings.dim))
        self.slope = nn.Parameter(torch.full((settings.dim,), 0.25))
        self.discriminator = glorot(settings.dim, settings.dim, generator)

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a step's examples, and beside them views: the true and the corrupted.

        The destinations of the true view are the summary of all nodes, σ of their mean, as the discriminator
        sees it.
        """
        how = self.training_pass()
        start = self.first(self.starts(), how)
        true, corrupted = self._convolved(start, how), self._convolved(start[self._shuffled()], how)
        encoded, other = gather(true, examples), gather(corrupted, examples)
        summary = (self.discriminator @ true.mean(0).sigmoid()).expand_as(encoded.src)
        views = (Encoded(encoded.src, summary, encoded.negatives), other)
        return Encoded(encoded.src, encoded.dst, encoded.negatives, views), encoded

    @property
    def steps(self) -> int:
        """How far messages go."""
        return 1

    def _edges(self, view: GraphView) -> CSR:
        return looped_adjacency(view, self.messages_along)

    def _layers(self, how: Pass) -> Tensor:
        return self._convolved(self.first(self.starts(), how), how)

    def _convolved(self, start: Tensor, how: Pass) -> Tensor:
        return prelu(propagated(self.adjacency, start, how) + self.bias, self.slope)

    def _shuffled(self) -> Tensor:
        """Return the [nodes] rows whose features each node has in the corrupted graph."""
        device, first, parts = self.bias.device, 0, []
        for count in self.counts.values():
            parts.append(first + torch.randperm(count, device=device))
            first += count
        return torch.cat(parts)
