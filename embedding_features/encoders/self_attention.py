"""Self-attention over histories (SASRec)."""

from itertools import pairwise
from typing import ClassVar, Literal, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from embedding_features.encoders.attention_block import AttentionBlock
from embedding_features.encoders.base import Encoded, Encoder
from embedding_features.encoders.history_buffers import HistoryBuffers
from embedding_features.encoders.history_network import HistoryNetwork
from embedding_features.encoders.time_features import TIME_FEATURES, time_features
from embedding_features.graph.sequences import EventsOf, Windows, sequences
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples

#: histories whose vectors are computed at a time
_CHUNK = 1024
#: histories of at most so many events are read together
_BOUNDS = (4, 8, 16, 32, 64, 128)


class SelfAttention(Encoder):
    """Settings of a :class:`SelfAttentionNetwork`.

    Attributes:
        length: last events of a history that are read.
        blocks: of attention.
        heads: of each block; ``dim`` is divided by them.
        hidden: width of a block's transformation, in multiples of ``dim``.
        dropout: share of numbers that are dropped while training.
        of: whether events are the edges of the view's first relation, or of all, between the same node types.
        actions: whether each relation has a vector, which is added to its events.
        times: whether what is known of an event's time (:func:`.time_features`) is added to it.
    """

    weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["self_attention"] = "self_attention"
    length: int = Field(default=50, ge=1)
    blocks: int = Field(default=2, ge=1)
    heads: int = Field(default=1, ge=1)
    hidden: int = Field(default=1, ge=1)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    of: EventsOf = "first"
    actions: bool = False
    times: bool = False

    @model_validator(mode="after")
    def _divides(self) -> "SelfAttention":
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} cannot be divided by {self.heads} heads")
        return self

    def build(self, view: GraphView, generator: torch.Generator) -> "SelfAttentionNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return SelfAttentionNetwork(self, view, generator)


class SelfAttentionNetwork(HistoryNetwork):
    """Makes a source's vector of the items of its history, which have the parameters ``table`` [items, dim].

    Kang & McAuley, Self-Attentive Sequential Recommendation, ICDM 2018: items of a history, √dim times their
    vectors, plus vectors of their places counted from the end, through blocks of causal attention; the last
    one's state is the source's vector, and is compared with the same vectors of items. Actions and times are
    added as in PinnerFormer (Pancha et al., KDD 2022). A source without events has the vector 0.
    """

    settings: SelfAttention

    def __init__(self, settings: SelfAttention, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters, and take the histories of the view."""
        super().__init__(settings, view)
        relation, dim = view.matrix(), settings.dim
        self.source_type, self.item_type = relation.src, relation.dst

        def drawn(rows: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, dim, generator=generator) * settings.std)

        self.table = drawn(view.counts[relation.dst])
        self.positions = drawn(settings.length)
        self.of_actions = drawn(len(view.relations)) if settings.actions else None
        self.of_times = drawn(TIME_FEATURES) if settings.times else None
        self.blocks = nn.ModuleList(
            AttentionBlock(dim, settings.heads, settings.hidden * dim, settings.dropout, generator)
            for _ in range(settings.blocks)
        )
        self.norm = nn.LayerNorm(dim)
        self.histories = HistoryBuffers(sequences(view, settings.of), settings.length)

    def type_parameters(self) -> dict[str, tuple[str, ...]]:
        """Return the table, which has a row for each item."""
        return {"table": (self.item_type,)}

    def observe(self, view: GraphView) -> None:
        """Read the histories of ``view`` from now on."""
        self.histories.set(sequences(view, self.settings.of))

    def vectors(self) -> Tensor:
        """Return the states after whole histories, and the vectors of items."""
        count = self.counts[self.source_type]
        chunks = [
            self._last_states(self.histories.windows(a, min(a + _CHUNK, count)))
            for a in range(0, count, _CHUNK)
        ]
        return self._joined(torch.cat(chunks))

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the states at the anchors' places, and vectors of items; the same as parameters."""
        histories = examples.histories
        if histories is None:
            return super().encode(examples)
        states = self._states(histories.items, histories.actions, histories.times)
        first = self.first_row(self.item_type)
        encoded = Encoded(
            states[histories.anchors, histories.places],
            self.table[examples.dst - first],
            self.table[examples.negatives - first],
        )
        return encoded, encoded

    def edges(self) -> tuple[Tensor, ...]:
        """Return the sources, items, actions and times of the events that the network reads."""
        return self.histories.edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors of other events, those of a source in their order."""
        sources, *columns = edges
        count, length, ones = self.counts[self.source_type], self.settings.length, torch.ones_like(sources)
        ends = torch.zeros(count, dtype=torch.int64).index_add(0, sources, ones).cumsum(0)
        place = (length - ends[sources] + ones.cumsum(0)).clamp_min(0)  # 0: too old, and cut off
        windows = [
            torch.full((count, length + 1), pad).index_put((sources, place), column)[:, 1:]
            for column, pad in zip(columns, (-1, 0, 0), strict=True)
        ]
        states = self._of_group(*windows)[:, -1]
        return self._joined(torch.where(windows[0][:, -1:] >= 0, states, 0.0))

    def of_histories(self, windows: Windows, own: Tensor) -> Tensor:  # noqa: ARG002
        """Return the states after the last events of these histories, whosever they are."""
        return self._last_states(Windows(*(part[:, -self.settings.length :] for part in windows)))

    def _joined(self, states: Tensor) -> Tensor:
        """Return [nodes, dim] vectors, from [sources, dim] states."""
        made = {self.source_type: states, self.item_type: self.table}
        return torch.cat([made[node_type] for node_type in self.counts])

    def _last_states(self, windows: Windows) -> Tensor:
        """Return [n, dim] states after whole histories."""
        return self._states(*map(torch.from_numpy, windows))[:, -1]

    def _states(self, items: Tensor, actions: Tensor, times: Tensor) -> Tensor:
        """Return [n, length, dim] states after each event of [n, length] histories.

        Histories are read in groups of similar length, because padding costs as much as events.
        """
        items, actions, times = (part.to(self.table.device) for part in (items, actions, times))
        counts, length = (items >= 0).sum(1), items.shape[1]
        out = self.table.new_zeros(*items.shape, self.settings.dim)
        bounds = [0, *(bound for bound in _BOUNDS if bound < length), length]
        for less, most in pairwise(bounds):
            rows = torch.nonzero((counts > less) & (counts <= most)).squeeze(1)
            if len(rows):
                states = self._of_group(*(part[rows, -most:] for part in (items, actions, times)))
                out = out.index_copy(0, rows, functional.pad(states, (0, 0, length - most, 0)))
        return out

    def _of_group(self, items: Tensor, actions: Tensor, times: Tensor) -> Tensor:
        """Return [n, m, dim] states of histories [n, m]."""
        there, length = items >= 0, items.shape[1]
        x = self.table[(items - self.first_row(self.item_type)).clamp_min(0)] * self.settings.dim**0.5
        x = x + self.positions[-length:]
        if self.of_actions is not None:
            x = x + self.of_actions[actions]
        if self.of_times is not None:
            x = x + time_features(times, there).to(x.dtype) @ self.of_times
        x = functional.dropout(x, self.settings.dropout, self.training)
        itself = torch.eye(length, dtype=torch.bool, device=items.device)
        mask = (torch.ones_like(itself).tril() & there[:, None, :] | itself).unsqueeze(1)
        for block in self.blocks:
            x = block(x, mask)
        return cast(Tensor, self.norm(x))
