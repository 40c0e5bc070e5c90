"""The wide part of Wide & Deep: a weight for each pair of a user's code and an item's code."""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor, nn

from ranking.models.lookup import bag_sum
from ranking.models.schema import CodeField, Schema
from ranking.models.tensors import Batch


class WideArch(nn.Module):
    """Sums the weights of a row's crosses: [b] logits.

    A field of the user is crossed with each field of the item in the same group and place; ids are not
    crossed. A pair of codes of bags counts by the product of their weights in the bags.

    The pair (u, i) of two fields of sizes n and m has the id base + u m + i, where bases lie n m apart; with
    the fields' offsets o and o' in a batch's codes, that is u' m + i' + (base − o m − o').

    Args:
        schema: the fields.
        buckets: most weights; where there are more pairs, their ids are hashed into so many.
    """

    users: Tensor
    items: Tensor
    strides: Tensor
    bases: Tensor

    def __init__(self, schema: Schema, buckets: int) -> None:
        super().__init__()
        self.rows = 0
        single: list[tuple[int, int, int, int]] = []
        #: for each pair with a bag: the two fields as (is a bag, position), stride and base
        self.bags: list[tuple[tuple[bool, int], tuple[bool, int], int, int]] = []
        for user, item in _pairs(schema):
            base = self.rows - user.offset * item.size - item.offset
            self.rows += user.size * item.size
            user_at, item_at = _position(schema, user), _position(schema, item)
            if user_at[0] or item_at[0]:
                self.bags.append((user_at, item_at, item.size, base))
            else:
                single.append((user_at[1], item_at[1], item.size, base))
        columns = torch.tensor(single, dtype=torch.long).view(-1, 4).T
        for name, column in zip(("users", "items", "strides", "bases"), columns, strict=True):
            self.register_buffer(name, column.clone())
        self.hashed = self.rows > buckets
        self.weight = nn.Parameter(torch.zeros(max(1, min(self.rows, buckets)), 1))

    def forward(self, batch: Batch) -> Tensor:
        """Return the [b] sums of the weights of all crosses."""
        codes = batch.categorical
        users, items = codes.index_select(1, self.users), codes.index_select(1, self.items)
        single = torch.addcmul(items + self.bases, users, self.strides)  # [b, pairs]
        if not self.bags:
            return bag_sum(self.weight, self._weight_rows(single), None)[:, 0]
        ids, weights = [single], [torch.ones(single.shape)]
        for user, item, stride, base in self.bags:
            (left, left_weight), (right, right_weight) = _codes(batch, *user), _codes(batch, *item)
            ids.append((left[:, :, None] * stride + right[:, None, :] + base).flatten(1))
            weights.append((left_weight[:, :, None] * right_weight[:, None, :]).flatten(1))
        rows = self._weight_rows(torch.cat(ids, dim=1))
        return bag_sum(self.weight, rows, torch.cat(weights, dim=1))[:, 0]

    def _weight_rows(self, ids: Tensor) -> Tensor:
        """Return the row of ``weight`` of each pair's id; ids are hashed where there are more than rows."""
        if not self.hashed:
            return ids
        buckets = len(self.weight)
        if buckets & (buckets - 1) == 0:  # a remainder by division takes ten times as long
            return spread(ids) & (buckets - 1)
        return spread(ids) % buckets


def _pairs(schema: Schema) -> Iterator[tuple[CodeField, CodeField]]:
    """Yield each field of the user with each of the item in the same group and place; ids are left out."""
    fields = [field for field in (*schema.categorical, *schema.bags) if not field.identity]
    for key in dict.fromkeys((field.group, field.place) for field in fields):
        crossed = [field for field in fields if (field.group, field.place) == key]
        users = [field for field in crossed if field.side == "user"]
        yield from product(users, [field for field in crossed if field.side == "item"])


def _position(schema: Schema, field: CodeField) -> tuple[bool, int]:
    """Return whether a field is a bag, and its position among the bags or the categorical fields."""
    if field in schema.bags:
        return True, schema.bags.index(field)
    return False, schema.categorical.index(field)


def _codes(batch: Batch, bag: bool, position: int) -> tuple[Tensor, Tensor]:
    """Return the [b, width] codes and weights of one field."""
    if bag:
        return batch.bags[position]
    return batch.categorical[:, [position]], torch.ones(batch.label.shape[0], 1)


def spread(ids: Tensor) -> Tensor:
    """Return ids scattered over [0, 2^32) by Fibonacci hashing.

    Knuth, The Art of Computer Programming 3, section 6.4.
    """
    scattered = ids * 2_654_435_769
    return (scattered & 0xFFFFFFFF) ^ (scattered >> 15 & 0x1FFFF)
