"""Pairs of users and items, as rows of their catalogues, with and without labels."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.errors import DataError


@dataclass(frozen=True)
class LabelPairs:
    """Holds pairs of a user and an item without their labels, so that no feature of them can use one.

    Attributes:
        user: [n] rows of the users' catalogue, 0 to ``users`` - 1; likewise ``item``.
        users: size of the users' catalogue; likewise ``items``.
    """

    user: I64
    item: I64
    users: int
    items: int

    def __post_init__(self) -> None:
        if len(self.user) != len(self.item):
            raise DataError(f"{len(self.user)} users beside {len(self.item)} items")
        for side, rows, size in (("user", self.user, self.users), ("item", self.item, self.items)):
            if len(rows) and not 0 <= rows.min() <= rows.max() < size:
                raise DataError(f"{side} rows {rows.min()} to {rows.max()} of a catalogue of {size}")

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: I64) -> "LabelPairs":
        """Return some pairs, in that order."""
        return LabelPairs(self.user[rows], self.item[rows], self.users, self.items)


@dataclass(frozen=True)
class KnownLabels:
    """Holds pairs with the labels that features may be made from.

    Attributes:
        pairs: [n] users and items.
        label: [n] 0 or 1.
    """

    pairs: LabelPairs
    label: F32

    def __post_init__(self) -> None:
        if len(self.label) != len(self.pairs):
            raise DataError(f"{len(self.label)} labels beside {len(self.pairs)} pairs")
        if len(self.label) == 0:
            raise DataError("no pair with a known label", fix="name training rows, and two folds or more")
        if not np.isin(self.label, (0, 1)).all():
            raise DataError("a label of a training row is neither 0 nor 1", fix="make likes 1, dislikes 0")
