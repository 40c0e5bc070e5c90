"""Wide & Deep: crosses that memorize beside networks that generalize."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.models.wide import WideArch


class WideDeep(TowerRanker):
    """Cheng et al., Wide & Deep Learning for Recommender Systems, DLRS 2016.

    logit = w · crosses(x) + v · [discrete tower, continuous tower] + b: what is discrete and what is
    continuous is modelled apart and joined in the last layer. The wide part crosses each discrete field of
    the user with each of the item within one group and place: occupation × genre, user cluster × item
    cluster, user token × item token at the same position of the same codebook (all positions with all
    would be thousands of weights that memorize the training rows); ids it leaves to the deep part.
    """

    kind: Literal["wide_deep"] = "wide_deep"
    buckets: int = Field(default=2**16, ge=1)
    """Weights that crosses are hashed into."""

    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return WideDeepNetwork(self, train, schema, generator)


class WideDeepNetwork(ConcatenatedNetwork):
    """b rows; the wide part beside the towers."""

    def __init__(self, settings: WideDeep, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.wide = WideArch(schema, settings.buckets)
        self.features = FeatureArch(settings, train, schema, generator)
        columns = (self.features.discrete, self.features.continuous)
        self.towers = TwoTowers(columns, settings.discrete, settings.continuous, generator)
        self.over = LastLayer(self.towers.width, generator, added=1)

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Both towers' last layers, and the wide part's sum [b, 1]."""
        seen = self.features(batch)
        return (*self.towers(seen.discrete, seen.continuous), self.wide(batch)[:, None])

    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits
