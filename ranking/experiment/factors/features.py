"""The factor ``features``: which groups of fields a ranker sees."""

from collections.abc import Mapping
from typing import ClassVar

from ranking.dataset.graph_fields import FIELDS_OF_KIND
from ranking.experiment.factors.base import Factor, GridContext
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.groups import FRESH_GROUP, LOG_GROUPS

#: group of fields → what it adds, in the words of a report
GROUP_DESCRIPTIONS = {
    "base": "learned ids and side tables",
    "counts": "counts and means of all earlier events of user and item, up to the row's moment",
    "knn": "item-kNN scores of the log itself",
    **{fields.kind.group: fields.description for fields in FIELDS_OF_KIND.values()},
    FRESH_GROUP: "vectors and scores made of the user's latest events, up to the row's moment, and of the "
    "snapshot's vectors",
}

_PRETRAINED = (*(fields.kind.group for fields in FIELDS_OF_KIND.values()), FRESH_GROUP)

#: level → the groups of fields it has; ``none`` is the strong baseline, ``ids`` and ``counts`` are its parts
GROUPS: dict[str, tuple[str, ...]] = {
    "ids": LOG_GROUPS[:1],
    "counts": LOG_GROUPS[:2],
    "none": LOG_GROUPS,
    **{group: (*LOG_GROUPS, group) for group in _PRETRAINED},
    "all": (*LOG_GROUPS, *_PRETRAINED),
}


class FeaturesFactor(Factor):
    """Varies the groups of fields: parts of the strong baseline, all of it, or what is added to it."""

    name: ClassVar[str] = "features"
    in_grid: ClassVar[str] = "features"
    levels: ClassVar[tuple[str, ...]] = tuple(GROUPS)
    default: ClassVar[str] = "none"
    in_block: ClassVar[tuple[str, ...]] = ("dense",)

    def check(self, level: str, variant: Mapping[str, str]) -> None:
        """Check that features of the log alone are combined with no method and with no single side."""
        if not pretrained_groups(level) and (variant["whose"] != "both" or variant["method"]):
            raise ValueError(f"features {level!r} are of no method, and nobody's in particular")

    def label(self, level: str) -> str:
        """Return the level, also where it is the default: a variant of defaults alone is named by it."""
        return level

    def sees(self, level: str, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether the field's group is one of the level's."""
        return field.group in GROUPS[level]

    def describe(self, level: str, variant: Mapping[str, str], grid: GridContext) -> tuple[str, ...]:
        """Return what the groups add to the baseline, or what they have of it."""
        return (" · ".join(GROUP_DESCRIPTIONS[group] for group in pretrained_groups(level) or GROUPS[level]),)


def pretrained_groups(level: str) -> tuple[str, ...]:
    """Return the groups of a level that are pretrained."""
    return tuple(group for group in GROUPS[level] if group not in LOG_GROUPS)
