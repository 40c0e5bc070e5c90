"""The factor ``method``: the family of snapshots that pretrained features come from."""

from collections.abc import Mapping
from typing import ClassVar

from ranking.experiment.factors.base import Factor, GridContext
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.groups import FRESH_GROUP, LOG_GROUPS


class MethodFactor(Factor):
    """Varies the family whose features a ranker sees.

    "" is the pipeline's first, and for fresh figures, which are a few numbers of each family, all of them.
    """

    name: ClassVar[str] = "method"
    in_grid: ClassVar[str] = "methods"
    levels: ClassVar[None] = None
    default: ClassVar[str] = ""
    leads: ClassVar[bool] = True

    def check_grid(self, level: str, grid: GridContext) -> None:
        """Check that the family is pretrained."""
        if level not in ("", *grid.families):
            raise ValueError(f"the grid names {level}; pretrained are {', '.join(grid.families)}")

    def sees(self, level: str, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether the field is of the log, or of the family; fresh ones add up over all families."""
        if field.group in LOG_GROUPS or (field.group == FRESH_GROUP and not level):
            return True
        return field.family == (level or grid.families[0])

    def describe(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return the method of the features, where it is not the first."""
        return () if level == self.default else (f"by {level}",)
