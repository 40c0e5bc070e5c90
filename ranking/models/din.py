"""DIN: attention over the user's history, by what matters for the candidate."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.features import FeatureArch, SeenFeatures, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer, linear
from ranking.models.lookup import lookup
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import HistoryField, Schema
from ranking.models.tensors import Batch


class DIN(TowerRanker):
    """Settings of DIN, which weighs the items of a history by their relevance to the candidate.

    Zhou et al., Deep Interest Network for Click-Through Rate Prediction, KDD 2018.

    A history becomes Σ_j a(e_j, e_c) e_j with e_j an item of it, e_c the candidate, and ``a`` a small network
    (eq. 3). The weights are not normalized, so that strong interest stays strong. An item is its id's
    embedding beside its pretrained vector, with one weight for both; the id half of the sum goes into the
    discrete tower and the vector half into the continuous one. Without histories there are only the towers.

    Attributes:
        attention: sizes of the hidden layers of ``a``, each with a PReLU.
    """

    kind: Literal["din"] = "din"
    attention: tuple[int, ...] = Field(default=(36,), min_length=1)

    @override
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DINNetwork(self, train, schema, generator)


class DINNetwork(ConcatenatedNetwork):
    """Adds the attended histories to the inputs of the two towers.

    An item has 2 d columns: d of its id's embedding and d of its projected vector.
    """

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
        """Return the last layers of both towers."""
        seen = self.features(batch)
        interests = [
            unit(*self._items(batch, seen, position, history))
            for position, (unit, history) in enumerate(zip(self.units, self.histories, strict=True))
        ]
        discrete = torch.cat([seen.discrete, *(interest[:, : self.dim] for interest in interests)], dim=1)
        continuous = torch.cat([seen.continuous, *(interest[:, self.dim :] for interest in interests)], dim=1)
        towers: tuple[Tensor, ...] = self.towers(discrete, continuous)
        return towers

    def _items(
        self, batch: Batch, seen: SeenFeatures, position: int, history: HistoryField
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the candidate [b, 2 d], the items [b, length, 2 d], and which are known [b, length]."""
        codes, rows = batch.histories[position]
        zeros = torch.zeros(batch.label.shape[0], self.dim)
        candidate_id = zeros if history.item is None else seen.sparse[:, history.item]
        ids = lookup(self.features.sparse.table, codes) * (codes != history.offset)[..., None]
        vectors, candidate_vector = torch.zeros_like(ids), zeros
        if history.dim:
            vectors = self.features.vectors.history(batch, position)
            if history.vector is not None:
                candidate_vector = self.features.vectors.column(batch, history.vector)
        known = (codes != history.offset) | (rows > 0)
        return torch.cat([candidate_id, candidate_vector], 1), torch.cat([ids, vectors], 2), known

    @override
    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits


class ActivationUnit(nn.Module):
    """Sums a history's items by attention: [b, D] Σ_j a([e_j, e_c, e_j − e_c, e_j ⊙ e_c]) e_j.

    Args:
        dim: D, columns of an item.
        hidden: sizes of the hidden layers of ``a``.
        generator: draws all weights.
    """

    def __init__(self, dim: int, hidden: tuple[int, ...], generator: torch.Generator) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((4 * dim, *hidden), hidden, strict=False):
            layers += [linear(inputs, outputs, generator), nn.PReLU()]
        self.network = nn.Sequential(*layers, linear(hidden[-1], 1, generator))

    def forward(self, candidate: Tensor, items: Tensor, known: Tensor) -> Tensor:
        """Return the [b, D] weighted sum of the known items.

        Args:
            candidate: [b, D].
            items: [b, length, D].
            known: [b, length] bool; other items are padding.
        """
        repeated = candidate[:, None].expand_as(items)
        pairs = torch.cat([items, repeated, items - repeated, items * repeated], dim=2)
        scores = self.network(pairs)  # [b, length, 1]
        interest: Tensor = (scores * known[..., None] * items).sum(1)
        return interest
