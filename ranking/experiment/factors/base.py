"""The interface of factors: one thing that the variants of an ablation differ in, with its levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ranking.dataset.dataset import Dataset
from ranking.experiment.arm import Arm
from ranking.inputs.field_specs import FieldSpec


@dataclass(frozen=True)
class SubModelContext:
    """Describes the sub-model of a grid.

    Attributes:
        family: family of the method that pretrained its encoder.
        as_of: moment of the encoder's graph; its ranker learns from later rows.
        arm: returns the arm of a variant by the variant's name; None where nothing is trained.
    """

    family: str
    as_of: datetime
    arm: Callable[[str], Arm] | None = None


@dataclass(frozen=True)
class GridContext:
    """Holds what the levels of a grid's factors refer to.

    Attributes:
        families: pretrained families of snapshots; a variant that names none has the first.
        target_domain: the domain that aligned variants draw together with all others; None without domains.
        sub_model: the sub-model; None where the pipeline has none.
    """

    families: tuple[str, ...]
    target_domain: str | None = None
    sub_model: SubModelContext | None = None


class Factor:
    """One thing that variants of an ablation differ in.

    All that depends on a factor is here: its levels, which of them can be combined with which of other
    factors, which fields a level sees, what it does to the rows and to the ranker, and how a report describes
    it. Other code iterates over :func:`.factors`. A third party's factor is a subclass, found by an entry
    point of the group ``embedding_features.ablation_factors``.

    Attributes:
        name: name of the factor, as :class:`.Variant` has it.
        in_grid: name of its list of levels in the YAML of a grid.
        levels: all levels; None where any text may be one, such as a family's name.
        default: the level of a variant that names none.
        in_block: levels of a grid's block that lists none; None for the default level.
        leads: whether its level comes first in a variant's name, before that of the features.
    """

    name: ClassVar[str]
    in_grid: ClassVar[str]
    levels: ClassVar[tuple[str, ...] | None]
    default: ClassVar[str]
    in_block: ClassVar[tuple[str, ...] | None] = None
    leads: ClassVar[bool] = False

    def check(self, level: str, variant: Mapping[str, str]) -> None:
        """Check that the level makes sense beside the variant's levels of other factors.

        Raises:
            ValueError: when it does not.
        """

    def check_grid(self, level: str, grid: GridContext) -> None:
        """Check that the grid has what the level refers to.

        Raises:
            ValueError: when it does not.
        """

    def label(self, level: str) -> str:
        """Return the level's part of a variant's name; by default the level, and "" for the default level."""
        return "" if level == self.default else level

    def sees(self, level: str, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether a ranker may see a field; it sees those that every factor lets it see."""
        return True

    def arm(self, level: str, arm: Arm, dataset: Dataset, grid: GridContext) -> Arm:
        """Return the arm as the level changes it; by default unchanged. Factors act one after another.

        Args:
            level: the variant's level of this factor.
            arm: the arm as the factors before left it.
            dataset: all fields and rows.
            grid: what levels refer to.

        Raises:
            ConfigError: when the data set lacks what the level needs.
        """
        return arm

    def describe(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return a few words on the level for a report; none for a default."""
        return ()

    def servable(self, level: str) -> bool:
        """Return whether a service can read all that the level needs from the store; a bundle needs that."""
        return True
