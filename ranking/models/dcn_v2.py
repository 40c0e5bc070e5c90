"""DCN-V2: explicit feature crosses of bounded degree, with learned weights."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from typing_extensions import override

from ranking.models.cross import CrossNetwork
from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class DCNv2(TowerRanker):
    """Settings of DCN-V2, which crosses all features with each other, a degree more in each layer.

    Wang et al., DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to Rank
    Systems, WWW 2021.

    x_0 = [embeddings of discrete fields, numbers, vectors]; x_{l+1} = x_0 ⊙ (W_l x_l + b_l) + x_l. In
    parallel, the last layer reads x_L beside the towers over x_0; stacked, the towers over x_L. There is a
    tower for discrete and one for continuous columns, where the paper has one for all.

    Attributes:
        layers: L, the cross layers.
        rank: W_l = U V with U [x, rank], V [rank, x]; None for a full matrix.
        structure: whether the towers stand beside the cross network or on it.
    """

    kind: Literal["dcn_v2"] = "dcn_v2"
    layers: int = Field(default=2, ge=1)
    rank: int | None = Field(default=None, ge=1)
    structure: Literal["parallel", "stacked"] = "parallel"

    @override
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DCNv2Network(self, train, schema, generator)


class DCNv2Network(ConcatenatedNetwork):
    """Puts the cross network beside or below the two towers."""

    def __init__(self, settings: DCNv2, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.features = FeatureArch(settings, train, schema, generator)
        self.split = self.features.discrete
        columns = self.split + self.features.continuous
        self.cross = CrossNetwork(columns, settings.layers, settings.rank, generator)
        self.towers = TwoTowers(
            (self.split, self.features.continuous), settings.discrete, settings.continuous, generator
        )
        self.parallel = settings.structure == "parallel"
        self.over = LastLayer(self.towers.width + columns * self.parallel, generator)

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the last layers of both towers, in the parallel structure after x_L."""
        seen = self.features(batch)
        first = torch.cat([seen.discrete, seen.continuous], dim=1)
        crossed: Tensor = self.cross(first)
        if self.parallel:
            return (crossed, *self.towers(seen.discrete, seen.continuous))
        towers: tuple[Tensor, ...] = self.towers(crossed[:, : self.split], crossed[:, self.split :])
        return towers

    @override
    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits

    def forward(self, batch: Batch) -> Tensor:
        """Return the [b] logits of a batch.

        Parallel crosses of rank 1 go straight to the last layer: x_L is never made.
        """
        if not self.parallel or self.cross.rank != 1:
            return super().forward(batch)
        seen = self.features(batch)
        towers = self.towers(seen.discrete, seen.continuous)
        columns = self.split + self.features.continuous
        weights = torch.split(self.over.weight[0], [columns, *(part.shape[1] for part in towers)])
        logits = self.over.bias + self.cross.weighted((seen.discrete, seen.continuous), weights[0])
        for part, weight in zip(towers, weights[1:], strict=True):
            logits = torch.addmv(logits, part, weight)
        return logits
