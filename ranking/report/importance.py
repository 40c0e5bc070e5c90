"""What a ranker leans on, as bars: its first fields, and the sum of each group."""

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
    """A bar: its length in percent of the longest; a negative value has none."""

    name: str
    group: str
    value: float
    percent: float


@dataclass(frozen=True)
class Leaning:
    """The bars of one ranker × variant, and in words what they measure."""

    ranker: str
    variant: str
    unit: str
    fields: list[Bar]
    left_out: int
    groups: list[Bar]


def leanings(ablation: Ablation) -> list[Leaning]:
    """In the order measured."""
    return [_leaning(one) for one in ablation.importance]


def group_colours(ablation: Ablation) -> dict[str, int]:
    """Group → number of its colour, the same in all bars."""
    groups = (field.group for one in ablation.importance for field in one.fields)
    return {group: number for number, group in enumerate(dict.fromkeys(groups))}


def _leaning(one: Importance) -> Leaning:
    sums: dict[str, float] = {}
    for field in one.fields:
        sums[field.group] = sums.get(field.group, 0.0) + field.value
    fields = [(field.field, field.group, field.value) for field in one.fields[:SHOWN]]
    groups = [(group, group, value) for group, value in sorted(sums.items(), key=lambda pair: -pair[1])]
    left_out = len(one.fields) - len(fields)
    return Leaning(one.ranker, one.variant, _UNITS[one.method], _bars(fields), left_out, _bars(groups))


def _bars(rows: Iterable[tuple[str, str, float]]) -> list[Bar]:
    rows = list(rows)
    longest = max((value for *_, value in rows), default=0.0)
    return [
        Bar(name, group, value, 100 * max(value, 0.0) / longest if longest > 0 else 0.0)
        for name, group, value in rows
    ]
