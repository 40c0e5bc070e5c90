"""The importance of a ranker's fields as bars: its first fields, and the sum of each group."""

from collections.abc import Iterable
from dataclasses import dataclass

from ranking.ablation.result import Ablation, Importance

#: fields shown of one ranker × variant
SHOWN = 15

_UNITS = {
    "shap": "mean absolute SHAP value in log odds (TreeSHAP, Lundberg et al. 2020)",
    "permutation": "AUC lost when the field's values go to other rows (Breiman 2001)",
}


@dataclass(frozen=True)
class Bar:
    """A field or a group of fields, with its length as a bar.

    Attributes:
        percent: of the longest bar; 0 of a negative value.
    """

    name: str
    group: str
    value: float
    percent: float


@dataclass(frozen=True)
class ImportanceBars:
    """The bars of one ranker × variant.

    Attributes:
        unit: in words what they measure.
        fields: the most important ones.
        left_out: how many fields have no bar.
        groups: sums over all fields of each group, the largest first.
    """

    ranker: str
    variant: str
    unit: str
    fields: list[Bar]
    left_out: int
    groups: list[Bar]


def importance_bars(ablation: Ablation) -> list[ImportanceBars]:
    """Return the bars of each ranker × variant, in the order measured."""
    return [_bars_of(one) for one in ablation.importance]


def group_colours(ablation: Ablation) -> dict[str, int]:
    """Return group → number of its colour, the same in all bars."""
    groups = (field.group for one in ablation.importance for field in one.fields)
    return {group: number for number, group in enumerate(dict.fromkeys(groups))}


def _bars_of(one: Importance) -> ImportanceBars:
    sums: dict[str, float] = {}
    for field in one.fields:
        sums[field.group] = sums.get(field.group, 0.0) + field.value
    fields = [(field.field, field.group, field.value) for field in one.fields[:SHOWN]]
    groups = [(group, group, value) for group, value in sorted(sums.items(), key=lambda pair: -pair[1])]
    left_out = len(one.fields) - len(fields)
    return ImportanceBars(one.ranker, one.variant, _UNITS[one.method], _bars(fields), left_out, _bars(groups))


def _bars(rows: Iterable[tuple[str, str, float]]) -> list[Bar]:
    rows = list(rows)
    longest = max((value for *_, value in rows), default=0.0)
    return [
        Bar(name, group, value, 100 * max(value, 0.0) / longest if longest > 0 else 0.0)
        for name, group, value in rows
    ]
