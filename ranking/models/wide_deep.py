"""Wide & Deep: crosses that memorize beside networks that generalize."""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ranking.models.features import Features, Towers
from ranking.models.lookup import bag_sum
from ranking.models.module import RankerNetwork
from ranking.models.parts import linear
from ranking.models.schema import Schema, Sparse
from ranking.models.tensors import Batch
from ranking.models.towered import TowerRanker


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


class WideDeepNetwork(RankerNetwork):
    """b rows; the wide part beside the towers."""

    def __init__(self, settings: WideDeep, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.wide = WideArch(schema, settings.buckets)
        self.features = Features(settings, train, schema, generator)
        columns = (self.features.discrete, self.features.continuous)
        self.towers = Towers(columns, settings.discrete, settings.continuous, generator)
        self.over = linear(self.towers.width, 1, generator)

    def represent(self, batch: Batch) -> Tensor:
        """[b, towers + 1]: both towers' last layers, and the wide part's sum."""
        seen = self.features(batch)
        deep = self.towers(seen.discrete, seen.continuous)
        return torch.cat([deep, self.wide(batch)[:, None]], dim=1)

    def head(self, representation: Tensor) -> Tensor:
        deep: Tensor = self.over(representation[:, :-1])[:, 0]
        return deep + representation[:, -1]


class WideArch(nn.Module):
    """[b] sum of the crosses' weights over groups and places; one of bags counts by its weights' product."""

    def __init__(self, schema: Schema, buckets: int) -> None:
        super().__init__()
        fields = [field for field in (*schema.categorical, *schema.bags) if not field.identity]
        crosses, self.rows = [], 0
        for key in dict.fromkeys((field.group, field.place) for field in fields):
            together = [field for field in fields if (field.group, field.place) == key]
            users = [field for field in together if field.side == "user"]
            items = [field for field in together if field.side == "item"]
            if users and items:
                crosses.append(CrossProduct(schema, users, items, self.rows))
                self.rows += crosses[-1].rows
        self.crosses = nn.ModuleList(crosses)
        self.hashed = self.rows > buckets
        self.weight = nn.Parameter(torch.zeros(max(1, min(self.rows, buckets)), 1))

    def forward(self, batch: Batch) -> Tensor:
        if not self.crosses:
            return torch.zeros(len(batch))
        pairs = [cross(batch) for cross in self.crosses]
        ids = torch.cat([codes for codes, _ in pairs], dim=1)  # [b, crosses]
        if self.hashed:
            ids = spread(ids) % len(self.weight)
        weights = torch.cat([weight for _, weight in pairs], dim=1)
        return bag_sum(self.weight, ids, weights)[:, 0]


def spread(ids: Tensor) -> Tensor:
    """Ids scattered over [0, 2^32): Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
    return (ids * 2_654_435_769 & 0xFFFFFFFF) ^ (ids * 2_654_435_769 >> 15 & 0x1FFFF)


class CrossProduct(nn.Module):
    """All pairs of a user's and an item's code in one group: [b, U I] ids in [first, first + rows), weights.

    U and I count the codes of all fields of a side. The pair (u, i) of two fields of sizes n and m has the id
    base + u m + i, where bases lie n m apart.
    """

    base: Tensor
    stride: Tensor

    def __init__(self, schema: Schema, users: list[Sparse], items: list[Sparse], first: int) -> None:
        super().__init__()
        self.users, self.items = SideCodes(schema, users), SideCodes(schema, items)
        sizes = torch.tensor([[user.size * item.size for item in items] for user in users])
        self.rows = int(sizes.sum())
        starts = (first + sizes.flatten().cumsum(0) - sizes.flatten()).view(sizes.shape)
        base = starts.repeat_interleave(self.users.widths, 0).repeat_interleave(self.items.widths, 1)
        self.register_buffer("base", base)  # [U, I]
        stride = torch.tensor([item.size for item in items]).repeat_interleave(self.items.widths)
        self.register_buffer("stride", stride)  # [I]

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        user, user_weight = self.users(batch)
        item, item_weight = self.items(batch)
        ids = self.base + user[:, :, None] * self.stride + item[:, None, :]
        return ids.flatten(1), (user_weight[:, :, None] * item_weight[:, None, :]).flatten(1)


class SideCodes(nn.Module):
    """The codes of some fields, each counted from 0, and their weights: [b, codes] both."""

    widths: Tensor

    def __init__(self, schema: Schema, fields: list[Sparse]) -> None:
        super().__init__()
        self.categorical = [(schema.categorical.index(f), f) for f in fields if f in schema.categorical]
        self.bags = [(schema.bags.index(f), f) for f in fields if f in schema.bags]
        self.register_buffer("widths", torch.tensor([field.width for field in fields]))

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        codes = [batch.categorical[:, [index]] - field.offset for index, field in self.categorical]
        codes += [batch.bags[index][0] - field.offset for index, field in self.bags]
        ones = torch.ones(len(batch), len(self.categorical))
        return torch.cat(codes, dim=1), torch.cat([ones, *(batch.bags[i][1] for i, _ in self.bags)], dim=1)
