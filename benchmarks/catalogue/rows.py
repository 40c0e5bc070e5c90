"""Rows of the catalogue: a method on a data set, how it is judged, and what it must reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from benchmarks.catalogue.judges.base import Judge

Family = Literal["walk", "proximity", "kg"]
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True)
class Above:
    """Says which row's figure a row must reach, with ``margin`` added to it."""

    key: str
    margin: float = 0.0


@dataclass(frozen=True)
class Row:
    """Declares a row.

    Attributes:
        family: under which it is listed.
        method: its registered name.
        data: name of the data set.
        judge: what measures its vectors.
        metrics: names of the judge's figures that are shown; the floor is of the first.
        settings: parameters of the method; the others are its defaults.
        origin: where the settings are from.
        published: figure → what was published.
        floor: what the first figure must reach.
        above: another row whose figure it must reach, too.
        variant: of several rows of a method on one data set, which; empty for the one that stands for it.
    """

    family: Family
    method: str
    data: str
    judge: Judge
    metrics: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "defaults"
    published: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    above: Above | None = None
    variant: str = ""

    @property
    def name(self) -> str:
        """The method, with the variant if there is one."""
        return f"{self.method}.{self.variant}" if self.variant else self.method

    @property
    def key(self) -> str:
        """What names the row, and its file."""
        return f"{self.name}@{self.data}"
