"""The wide part of Wide & Deep: a weight for each pair of a user's and an item's code."""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor, nn

from ranking.models.lookup import bag_sum
from ranking.models.schema import CodeField, Schema
from ranking.models.tensors import Batch


class WideArch(nn.Module):
    """[b] sum of the crosses' weights over groups and places; one of bags counts by its weights' product.

    The pair (u, i) of two fields of sizes n and m has the id base + u m + i, where bases lie n m apart; with
    the fields' offsets o and o' in a batch's codes, that is u' m + i' + (base − o m − o').
    """

    users: Tensor
    items: Tensor
    strides: Tensor
    bases: Tensor

    def __init__(self, schema: Schema, buckets: int) -> None:
        super().__init__()
        self.rows = 0
        single: list[tuple[int, int, int, int]] = []
        #: of each pair with a bag: the two fields as (is a bag, position), stride and base
        self.bags: list[tuple[tuple[bool, int], tuple[bool, int], int, int]] = []
        for user, item in _pairs(schema):
            base = self.rows - user.offset * item.size - item.offset
            self.rows += user.size * item.size
            (bag, at), (other_bag, other) = _place(schema, user), _place(schema, item)
            if bag or other_bag:
                self.bags.append(((bag, at), (other_bag, other), item.size, base))
            else:
                single.append((at, other, item.size, base))
        columns = torch.tensor(single, dtype=torch.long).view(-1, 4).T
        for name, column in zip(("users", "items", "strides", "bases"), columns, strict=True):
            self.register_buffer(name, column.clone())
        self.hashed = self.rows > buckets
        self.weight = nn.Parameter(torch.zeros(max(1, min(self.rows, buckets)), 1))

    def forward(self, batch: Batch) -> Tensor:
        codes = batch.categorical
        users, items = codes.index_select(1, self.users), codes.index_select(1, self.items)
        single = torch.addcmul(items + self.bases, users, self.strides)  # [b, pairs]
        if not self.bags:
            return bag_sum(self.weight, self._within(single), None)[:, 0]
        ids, weights = [single], [torch.ones(single.shape)]
        for user, item, stride, base in self.bags:
            (left, left_weight), (right, right_weight) = _codes(batch, *user), _codes(batch, *item)
            ids.append((left[:, :, None] * stride + right[:, None, :] + base).flatten(1))
            weights.append((left_weight[:, :, None] * right_weight[:, None, :]).flatten(1))
        whole = self._within(torch.cat(ids, dim=1))
        return bag_sum(self.weight, whole, torch.cat(weights, dim=1))[:, 0]

    def _within(self, ids: Tensor) -> Tensor:
        """The weights' rows of ids, hashed where there are fewer rows than ids."""
        if not self.hashed:
            return ids
        buckets = len(self.weight)
        if buckets & (buckets - 1) == 0:  # a remainder by division takes ten times as long
            return spread(ids) & (buckets - 1)
        return spread(ids) % buckets


def _pairs(schema: Schema) -> Iterator[tuple[CodeField, CodeField]]:
    """Each field of the user with each of the item, within one group and place; ids are left out."""
    fields = [field for field in (*schema.categorical, *schema.bags) if not field.identity]
    for key in dict.fromkeys((field.group, field.place) for field in fields):
        together = [field for field in fields if (field.group, field.place) == key]
        users = [field for field in together if field.side == "user"]
        yield from product(users, [field for field in together if field.side == "item"])


def _place(schema: Schema, field: CodeField) -> tuple[bool, int]:
    """Whether it is a bag, and its position among its kind."""
    if field in schema.bags:
        return True, schema.bags.index(field)
    return False, schema.categorical.index(field)


def _codes(batch: Batch, bag: bool, at: int) -> tuple[Tensor, Tensor]:
    """[b, width] codes and weights of one field."""
    if bag:
        return batch.bags[at]
    return batch.categorical[:, [at]], torch.ones(batch.label.shape[0], 1)


def spread(ids: Tensor) -> Tensor:
    """Ids scattered over [0, 2^32): Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
    scattered = ids * 2_654_435_769
    return (scattered & 0xFFFFFFFF) ^ (scattered >> 15 & 0x1FFFF)
