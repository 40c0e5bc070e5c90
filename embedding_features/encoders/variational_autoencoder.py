"""Vectors of sources made from the destinations that they have, through a latent variable (Mult-VAE)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import dropout, embedding_bag

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, check_two_types
from embedding_features.encoders.history_network import HistoryNetwork, sum_items
from embedding_features.errors import ConfigError
from embedding_features.graph.sequences import Windows
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class VariationalAutoencoder(Encoder):
    """Settings of a :class:`VariationalAutoencoderNetwork`.

    Attributes:
        hidden: width of the layer between a source's row and its latent variable.
        latent: width of the latent variable.
        dropout: share of a row's entries that a training step leaves out.
    """

    weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["variational_autoencoder"] = "variational_autoencoder"
    hidden: int = Field(default=128, ge=1)
    latent: int = Field(default=64, ge=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "VariationalAutoencoderNetwork":
        """Build the network with fresh parameters for the nodes of ``view``.

        Raises:
            GraphError: when the view's relation joins a node type with itself.
            ConfigError: when there are nodes of a third type.
        """
        check_two_types(self, view)
        return VariationalAutoencoderNetwork(self, view, generator)


@dataclass(frozen=True, kw_only=True)
class EncodedByLatent(Encoded):
    """Holds the vectors of a step's examples, and what the sources' latent variables were drawn from.

    Attributes:
        mean: [batch, latent] of the normal distribution.
        log_variance: [batch, latent] of it.
    """

    mean: Tensor
    log_variance: Tensor


class VariationalAutoencoderNetwork(HistoryNetwork):
    """Encodes the row of a source, and decodes it (Liang et al., WWW 2018, eqs. 1 to 7 and section 2.4).

    The row x is a source's destinations, each 1, divided by |x|. A layer of tanh makes of it the mean and the
    logarithm of the variance of a latent variable z, another one makes of z the vector h of the source. The
    vector of a destination is its row of the decoder's last matrix, so that h · v is its logit. Published is
    h of the mean; a training step leaves entries of x out and draws z.

    Where the paper's decoder adds a bias to each logit there is none: a coordinate of h that is the same for
    all sources does its work. ``table`` are the [destinations, dim] vectors, ``inputs`` the
    [destinations, hidden] rows of the encoder's first matrix.
    """

    settings: VariationalAutoencoder

    def __init__(self, settings: VariationalAutoencoder, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters, and take the adjacency of ``view``, whose sources stand before all else."""
        super().__init__(settings, view)
        self.source_type, items = next(iter(self.counts)), list(self.counts.values())[1]
        self.inputs = nn.Parameter(torch.randn(items, settings.hidden, generator=generator) * settings.std)
        self.table = nn.Parameter(torch.randn(items, settings.dim, generator=generator) * settings.std)
        self.shift = nn.Parameter(torch.zeros(settings.hidden))
        self.to_latent = _linear(settings.hidden, 2 * settings.latent, generator)
        self.to_vector = _linear(settings.latent, settings.dim, generator)
        self.adjacency = AdjacencyBuffers(view.adjacency())

    @property
    def sources(self) -> int:
        """The number of sources, which is the row of the first destination."""
        return self.counts[self.source_type]

    def type_parameters(self) -> dict[str, tuple[str, ...]]:
        """Return the two tables, which have a row for each destination."""
        destination = (list(self.counts)[1],)
        return {"inputs": destination, "table": destination}

    def observe(self, view: GraphView) -> None:
        """Encode the rows of ``view`` from now on."""
        self.adjacency.set(view.adjacency())

    def vectors(self) -> Tensor:
        """Return the vectors of all nodes; those of sources by the means of their latent variables."""
        sources = torch.arange(self.sources, device=self.table.device)
        mean, _ = self._distribution(self._sums(sources, dropped=0.0))
        return torch.cat([self._decoded(mean), self.table])

    def encode(self, examples: Examples) -> tuple[EncodedByLatent, Encoded]:
        """Return the vectors of a step's examples.

        While the network trains, entries of the sources' rows are left out and latent variables are drawn.

        Raises:
            ConfigError: when an anchor is no source.
        """
        if bool((examples.src >= self.sources).any()):
            raise ConfigError(
                f"an anchor is no {self.source_type}, and {self.settings.kind} encodes no other nodes",
                fix="take a sampler of the relation's pairs or rows in its own direction",
            )
        dropped = self.settings.dropout if self.training else 0.0
        mean, log_variance = self._distribution(self._sums(examples.src, dropped))
        drawn = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if self.training else mean
        dst, negatives = (self.table[rows - self.sources] for rows in (examples.dst, examples.negatives))
        encoded = EncodedByLatent(self._decoded(drawn), dst, negatives, mean=mean, log_variance=log_variance)
        return encoded, encoded

    def of_histories(self, windows: Windows, own: Tensor) -> Tensor:  # noqa: ARG002
        """Return the vectors of sources with these rows, whoever they are."""
        sums, counts = sum_items(self.inputs, windows, first=self.sources)
        mean, _ = self._distribution(sums * counts.clamp_min(1).rsqrt())
        return self._decoded(mean)

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors over other entries."""
        rows, neighbours, weight = edges
        inputs = nn.functional.pad(self.inputs, (0, 0, self.sources, 0))
        sums = torch.zeros_like(inputs).index_add(0, rows, inputs[neighbours])[: self.sources]
        ones = torch.ones_like(weight)
        counts = torch.zeros_like(inputs[:, 0]).index_add(0, rows, ones)[: self.sources]
        mean, _ = self._distribution(sums * counts.clamp(min=1).rsqrt()[:, None])
        return torch.cat([self._decoded(mean), self.table])

    def _sums(self, sources: Tensor, dropped: float) -> Tensor:
        """Return [n, hidden] what the rows of [n] sources are times the first matrix.

        Args:
            sources: rows of the network.
            dropped: share of the entries that are left out, at random; the others make up for them.
        """
        begins = self.adjacency.indptr[sources]
        counts = self.adjacency.indptr[sources + 1] - begins
        starts = counts.cumsum(0) - counts
        entries = torch.repeat_interleave(begins - starts, counts)
        entries += torch.arange(len(entries), device=entries.device)
        places = self.adjacency.indices[entries].long() - self.sources
        scale = torch.repeat_interleave(counts.to(self.inputs.dtype).rsqrt(), counts)
        scale = dropout(scale, dropped)
        return embedding_bag(places, self.inputs, starts, mode="sum", per_sample_weights=scale)

    def _distribution(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and logarithms of variances of the sums of inputs."""
        mean, log_variance = self.to_latent(torch.tanh(sums + self.shift)).chunk(2, dim=1)
        return mean, log_variance

    def _decoded(self, z: Tensor) -> Tensor:
        """Return the [n, dim] vectors of [n, latent] latent variables."""
        vectors: Tensor = torch.tanh(self.to_vector(z))
        return vectors


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Return a layer with weights by Xavier and biases of 0."""
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_normal_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
