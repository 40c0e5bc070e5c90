"""DIN: what of the user's history matters for this candidate."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ranking.models.features import FeatureArch, SeenFeatures, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer, linear
from ranking.models.lookup import lookup
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import HistoryField, Schema
from ranking.models.tensors import Batch


class DIN(TowerRanker):
    """Zhou et al., Deep Interest Network for Click-Through Rate Prediction, KDD 2018.

    A history becomes Σ_j a(e_j, e_c) e_j with e_j an item of it, e_c the candidate, and ``a`` a small network
    (eq. 3): a sum whose weights are not normalized, so that strong interest stays strong. An item is its id's
    embedding and its pretrained vector, weighted as one; the sum's id half joins the discrete tower and its
    vector half the continuous one. Without histories there are the towers alone.

    Attributes:
        attention: hidden layers of ``a``, PReLU after each.
    """

    kind: Literal["din"] = "din"
    attention: tuple[int, ...] = Field(default=(36,), min_length=1)

    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DINNetwork(self, train, schema, generator)


class DINNetwork(ConcatenatedNetwork):
    """b rows, d the embedding's dimension; an item has d numbers of its id and d of its vector."""

    def __init__(self, settings: DIN, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.features = FeatureArch(settings, train, schema, generator, pooled=False)
        self.histories = schema.histories
        self.dim = settings.dim
        self.units = nn.ModuleList(
            ActivationUnit(2 * settings.dim, settings.attention, generator) for _ in schema.histories
        )
        more = settings.dim * len(schema.histories)
        columns = (self.features.discrete + more, self.features.continuous + more)
        self.towers = TwoTowers(columns, settings.discrete, settings.continuous, generator)
        self.over = LastLayer(self.towers.width, generator)

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Both towers' last layers."""
        seen = self.features(batch)
        interests = [
            unit(*self._items(batch, seen, position, sequence))
            for position, (unit, sequence) in enumerate(zip(self.units, self.histories, strict=True))
        ]
        discrete = torch.cat([seen.discrete, *(found[:, : self.dim] for found in interests)], dim=1)
        continuous = torch.cat([seen.continuous, *(found[:, self.dim :] for found in interests)], dim=1)
        towers: tuple[Tensor, ...] = self.towers(discrete, continuous)
        return towers

    def _items(
        self, batch: Batch, seen: SeenFeatures, position: int, sequence: HistoryField
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Candidate [b, 2d], items [b, length, 2d], and which are known [b, length]."""
        codes, rows = batch.histories[position]
        none = torch.zeros(batch.label.shape[0], self.dim)
        own = none if sequence.item is None else seen.sparse[:, sequence.item]
        ids = lookup(self.features.sparse.table, codes) * (codes != sequence.offset)[..., None]
        if sequence.dim:
            vectors = self.features.vectors.history(batch, position)
            candidate = (
                none if sequence.vector is None else self.features.vectors.column(batch, sequence.vector)
            )
        else:
            vectors, candidate = torch.zeros_like(ids), none
        known = (codes != sequence.offset) | (rows > 0)
        return torch.cat([own, candidate], 1), torch.cat([ids, vectors], 2), known

    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits


class ActivationUnit(nn.Module):
    """[b, D] candidate and [b, length, D] items to [b, D]: Σ_j a([e_j, e_c, e_j − e_c, e_j ⊙ e_c]) e_j."""

    def __init__(self, dim: int, hidden: tuple[int, ...], generator: torch.Generator) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((4 * dim, *hidden), hidden, strict=False):
            layers += [linear(inputs, outputs, generator), nn.PReLU()]
        self.network = nn.Sequential(*layers, linear(hidden[-1], 1, generator))

    def forward(self, candidate: Tensor, items: Tensor, known: Tensor) -> Tensor:
        beside = candidate[:, None].expand_as(items)
        scores = self.network(torch.cat([items, beside, items - beside, items * beside], dim=2))  # [b, l, 1]
        interest: Tensor = (scores * known[..., None] * items).sum(1)
        return interest
