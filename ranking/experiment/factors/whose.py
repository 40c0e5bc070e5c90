"""The factor ``whose``: pretrained features of users, of items, or of both."""

from collections.abc import Mapping
from typing import ClassVar

from ranking.experiment.factors.base import Factor, GridContext
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.groups import LOG_GROUPS
from ranking.task.task import SIDES


class WhoseFactor(Factor):
    """Varies the side whose pretrained features a ranker sees."""

    name: ClassVar[str] = "whose"
    in_grid: ClassVar[str] = "whose"
    levels: ClassVar[tuple[str, ...]] = (*SIDES, "both")
    default: ClassVar[str] = "both"

    def sees(self, level: str, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether the field is of the log, or made of that side's features alone."""
        return field.group in LOG_GROUPS or level in ("both", field.whose)

    def describe(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return the side of the features, where it is one."""
        return () if level == self.default else (f"of {level}s only",)
