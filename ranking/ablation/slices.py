"""Slices of the test rows: by earlier events of user and item, by age of the snapshot, and by domain.

Counts are of events strictly before the row, so a slice never depends on what happens after it. The bands of
users, of items and of snapshot ages, and the domains, are each a partition: a row is in one of each.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from embedding_features.arrays import I64, Bool
from embedding_features.arrow import mask
from embedding_features.config import Config
from embedding_features.errors import DataError, LeakError
from ranking.experiment.scores import Scores


class SliceConfig(Config):
    """Settings of where the bands of slices end.

    Attributes:
        cold_user, cold_item: earlier events below which a user or an item is cold.
        tail_user, tail_item: earlier events below which it is in the tail; from there it is active, or head.
        snapshot_days: ages of the snapshot, in days, at which a new band begins.
    """

    cold_user: int = Field(5, ge=1)
    tail_user: int = Field(20, ge=1)
    cold_item: int = Field(5, ge=1)
    tail_item: int = Field(20, ge=1)
    snapshot_days: tuple[float, ...] = (7.0, 14.0)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.tail_user <= self.cold_user or self.tail_item <= self.cold_item:
            raise ValueError("tail_user and tail_item must be above cold_user and cold_item")
        if any(b <= a for a, b in zip((0.0, *self.snapshot_days), self.snapshot_days, strict=False)):
            raise ValueError("snapshot_days must be positive and ascending")
        return self


@dataclass(frozen=True)
class Slice:
    """A named part of the test rows.

    Attributes:
        name: its short name.
        definition: which rows it has, in words.
        rows: [n] whether a test row is in it.
    """

    name: str
    definition: str
    rows: Bool


def _count_bands(count: I64, cold: int, tail: int, who: str, warm: str) -> list[Slice]:
    """Return the slices by the earlier events of ``who``: cold, tail, and the rest, called ``warm``."""
    if count.min(initial=0) < 0:
        raise DataError(f"{count.min()} earlier {who} events", fix="count events strictly before the row")
    return [
        Slice(f"cold {who}s", f"fewer than {cold} earlier events of the {who}", count < cold),
        Slice(f"tail {who}s", f"{cold} to {tail - 1} earlier events", (count >= cold) & (count < tail)),
        Slice(f"{warm} {who}s", f"{tail} earlier events or more", count >= tail),
    ]


def _age_bands(scores: Scores, days: tuple[float, ...]) -> list[Slice]:
    """Return the slices by age of the snapshot, and that of rows without one."""
    age = scores.snapshot_age
    none = np.isnan(age)
    if (age[~none] <= 0).any():
        raise LeakError(
            f"{int((age[~none] <= 0).sum())} test rows are joined to a snapshot no older than themselves",
            fix="join each label to the newest snapshot strictly before it",
        )
    bands = []
    for low, high in zip((0.0, *days), (*days, np.inf), strict=True):
        name = f"snapshot over {low:g} days" if np.isinf(high) else f"snapshot {low:g}–{high:g} days"
        rule = f"over {low:g} days" + ("" if np.isinf(high) else f" and up to {high:g}")
        bands.append(Slice(name, f"snapshot {rule} older than the row", (age > low) & (age <= high)))
    return [*bands, Slice("no snapshot", "no snapshot older than the row", none)]


def _domains(domain: pa.Array | None) -> list[Slice]:
    """Return a slice for each domain, in the order of their names."""
    if domain is None:
        return []
    names = sorted(pc.unique(domain.drop_null()).to_pylist())
    return [Slice(f"domain {name}", f"items of {name}", _is_domain(domain, name)) for name in names]


def _is_domain(domain: pa.Array, name: str) -> Bool:
    equal = pc.equal(domain, name).fill_null(False)
    return mask(equal)


def slices(scores: Scores, config: SliceConfig) -> list[Slice]:
    """Return the slices of the test rows, empty ones included.

    Raises:
        DataError: for a negative count of earlier events.
        LeakError: when a row is joined to a snapshot that is not strictly older than it.
    """
    return [
        *_count_bands(scores.user_count, config.cold_user, config.tail_user, "user", "active"),
        *_count_bands(scores.item_count, config.cold_item, config.tail_item, "item", "head"),
        *_age_bands(scores, config.snapshot_days),
        *_domains(scores.domain),
    ]
