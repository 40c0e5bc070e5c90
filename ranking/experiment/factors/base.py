"""What a factor of an ablation is: one thing that variants differ in, with its levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ranking.dataset.dataset import Dataset
from ranking.experiment.arm import Arm
from ranking.inputs.field_specs import FieldSpec


@dataclass(frozen=True)
class SubModelContext:
    """The sub-model of a grid.

    Attributes:
        family: of the method that its encoder is pretrained by.
        as_of: moment of the encoder's graph; its ranker learns from later rows.
        arm: returns the arm of a variant's name; None where nothing is trained.
    """

    family: str
    as_of: datetime
    arm: Callable[[str], Arm] | None = None


@dataclass(frozen=True)
class GridContext:
    """What the levels of a grid's factors refer to.

    Attributes:
        families: pretrained families of snapshots; the first is what a variant has that names none.
        target_domain: the domain that aligned variants draw together with all others.
        sub_model: None where the pipeline has none.
    """

    families: tuple[str, ...]
    target_domain: str | None = None
    sub_model: SubModelContext | None = None


class Factor:
    """One thing that variants of an ablation differ in.

    A factor says all of itself here: which levels it has, what makes no sense with what, which fields a level
    sees, what it does to the rows and to the ranker, and how a report speaks of it. Everybody else goes over
    the factors (:func:`.factors`). A third party's is found by an entry point of the group
    ``embedding_features.ablation_factors`` that names a subclass.

    Attributes:
        name: of the factor, as :class:`.Variant` has it.
        in_grid: name of its list of levels in the YAML of a grid.
        levels: all levels; None where any text may be one, such as a family's name.
        default: the level of a variant that names none.
        in_block: levels of a grid's block that names none; None for the default.
        leads: whether its level comes first in a variant's name, before the features.
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
        """Check that what the level refers to is there.

        Raises:
            ValueError: when it is not.
        """

    def label(self, level: str) -> str:
        """Return the level's part of a variant's name; "" leaves it out, as the default's is."""
        return "" if level == self.default else level

    def sees(self, level: str, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether a ranker sees a field; it does when all factors say so."""
        return True

    def arm(self, level: str, arm: Arm, dataset: Dataset, grid: GridContext) -> Arm:
        """Return the arm with what the level does to its rows and rankers; factors act one after another.

        Raises:
            ConfigError: when the data set lacks what the level needs.
        """
        return arm

    def says(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return what a report tells of the level, in a few words; nothing of a default."""
        return ()

    def servable(self, level: str) -> bool:
        """Return whether a bundle can be made of it: a service reads all that it needs from the store."""
        return True
