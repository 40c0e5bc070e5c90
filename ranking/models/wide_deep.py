"""Wide & Deep: a linear model of crosses beside deep networks."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from typing_extensions import override

from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.models.wide import WideArch


class WideDeep(TowerRanker):
    """Settings of Wide & Deep, which adds a linear model of crosses to two deep towers.

    Cheng et al., Wide & Deep Learning for Recommender Systems, DLRS 2016.

    logit = w · crosses(x) + v · [discrete tower, continuous tower] + b: discrete and continuous features have
    a tower each and meet in the last layer. The wide part crosses each discrete field of the user with each
    of the item within one group and place: occupation × genre, user cluster × item cluster, user token × item
    token at the same position of the same codebook (all positions with all would be thousands of weights that
    memorize the training rows). It leaves ids to the deep part.

    Attributes:
        buckets: most weights of crosses; where there are more, they are hashed into so many.
    """

    kind: Literal["wide_deep"] = "wide_deep"
    buckets: int = Field(default=2**16, ge=1)

    @override
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return WideDeepNetwork(self, train, schema, generator)


class WideDeepNetwork(ConcatenatedNetwork):
    """Adds the wide part's logit to that of the two towers."""

    def __init__(self, settings: WideDeep, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.wide = WideArch(schema, settings.buckets)
        self.features = FeatureArch(settings, train, schema, generator)
        columns = (self.features.discrete, self.features.continuous)
        self.towers = TwoTowers(columns, settings.discrete, settings.continuous, generator)
        self.over = LastLayer(self.towers.width, generator, added=1)

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the last layers of both towers, and the wide part's logit [b, 1]."""
        seen = self.features(batch)
        return (*self.towers(seen.discrete, seen.continuous), self.wide(batch)[:, None])

    @override
    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits
