"""Rows of the catalogue: a method on a data set, how it is judged, and what it must reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from benchmarks.catalogue.judges.base import Judge
from embedding_features.config import parse_config
from embedding_features.evaluate.baselines import Baseline
from embedding_features.methods import Method, make

Family = Literal["walk", "proximity", "kg", "collaborative", "inductive", "retrieval"]
FAMILIES: tuple[Family, ...] = get_args(Family)


@dataclass(frozen=True)
class Above:
    """Says which row's first figure that of a row must reach, with ``margin`` added to it."""

    key: str
    margin: float = 0.0


@dataclass(frozen=True)
class Row:
    """Declares a row.

    Attributes:
        family: under which it is listed.
        method: its registered name, or the kind of a baseline.
        data: name of the data set.
        judge: what measures its vectors.
        metrics: names of the judge's figures that are shown.
        settings: parameters of the method; the others are its defaults.
        origin: where the settings are from.
        published: figure → what was published.
        floors: figure → what it must reach.
        above: another row whose first figure its own must reach, too.
        seeds: how many fits are judged: one where a fit takes more than five minutes.
        threads: of a fit; of skip-grams one, as those of several threads end in other vectors each time.
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
    floors: Mapping[str, float] = field(default_factory=dict)
    above: Above | None = None
    seeds: int = 3
    threads: int = 1
    variant: str = ""

    @property
    def name(self) -> str:
        """The method, with the variant if there is one."""
        return f"{self.method}.{self.variant}" if self.variant else self.method

    @property
    def is_baseline(self) -> bool:
        """Whether it is one of a baseline, which no registered method has the name of."""
        return self.method in Baseline.members()

    def make(self) -> Method | Baseline:
        """Return the method, or the baseline, with its settings.

        Raises:
            ConfigError: when there is none of that name, or it refuses the settings.
        """
        if self.is_baseline:
            return parse_config(dict(self.settings), Baseline.members()[self.method], self.key)
        return make(self.method, **self.settings)

    @property
    def key(self) -> str:
        """What names the row, and its file."""
        return f"{self.name}@{self.data}"
