"""The first sentences of a report: which variants earned their keep, for whom, at what cost, how surely."""

from collections.abc import Mapping, Sequence

from ranking.ablation.config import AblationConfig
from ranking.ablation.findings import interval, signed
from ranking.ablation.result import ComparedCell, Cost
from ranking.metrics.statistics import METRICS

#: variants named in the headline, and slices beside a gain
_NAMED = 3

Costs = Mapping[tuple[str, str], Cost]


def headline(primary: Sequence[ComparedCell], config: AblationConfig) -> str:
    """``Earned its keep in AUC: neighbours for all 3 rankers; dense for dlrm. Not shown: clusters.``"""
    title = METRICS[config.primary].title
    compared = [cell for cell in primary if cell.verdict and cell.variant not in config.rungs]
    variants = list(dict.fromkeys(cell.variant for cell in compared))
    helped = {v: [c.ranker for c in compared if (c.variant, c.verdict) == (v, "better")] for v in variants}
    tried = {v: [c.ranker for c in compared if c.variant == v] for v in variants}
    if not any(helped.values()):
        return f"No variant improves {title} for any ranker."
    won = sorted((v for v in variants if helped[v]), key=lambda v: -len(helped[v]))
    kept = "; ".join(f"{variant} for {_rankers(helped[variant], tried[variant])}" for variant in won[:_NAMED])
    if len(won) > _NAMED:
        kept += f"; for some, {_listed(won[_NAMED:])}"
    open_ = [variant for variant, rankers in helped.items() if not rankers]
    rest = f" Not shown: {', '.join(open_)}." if open_ else ""
    return f"Earned its keep in {title}: {kept}.{rest}"


def _rankers(helped: Sequence[str], tried: Sequence[str]) -> str:
    if len(helped) == len(tried) and len(tried) > 1:
        return f"all {len(tried)} rankers" if len(tried) > 2 else "both rankers"
    return _listed(helped)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def gains(primary: Sequence[ComparedCell], config: AblationConfig, costs: Costs) -> list[str]:
    """A sentence a ranker that gained: its best variant, its slices, its cost."""
    sign = 1 if METRICS[config.primary].higher_is_better else -1
    sentences = []
    for ranker in dict.fromkeys(cell.ranker for cell in primary):
        mine = [(c, c.difference) for c in primary if c.ranker == ranker and c.verdict == "better"]
        won = [(cell, change) for cell, change in mine if change and cell.variant not in config.rungs]
        if not won:
            continue
        cell, _ = max(won, key=lambda pair: sign * pair[1].value)
        parts = [_gain(cell), _for_whom(cell, sign), _cost(cell, costs)]
        sentences.append("; ".join(part for part in parts if part) + ".")
    return sentences


def _gain(cell: ComparedCell) -> str:
    change, p = cell.difference, cell.p_corrected
    if change is None or p is None:
        return ""
    sure = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    second = f", by DeLong {interval(cell.metric, cell.delong)}" if cell.delong else ""
    gained = f"{METRICS[cell.metric].title} {interval(cell.metric, change)}"
    return f"{cell.ranker} gains most with {cell.variant}: {gained}, {sure} after correction{second}"


def _for_whom(cell: ComparedCell, sign: int) -> str:
    """The slices that gained most, of those whose interval leaves out 0."""
    found = [(name, part.difference) for name, part in cell.slices.items() if part.difference]
    won = [(name, d) for name, d in found if (d.low > 0 if sign > 0 else d.high < 0)]
    won.sort(key=lambda one: -sign * one[1].value)
    if not won:
        return "in no slice alone is it told from nothing"
    named = ", ".join(f"{name} {signed(cell.metric, d.value)}" for name, d in won[:_NAMED])
    return f"most for {named}"


def _cost(cell: ComparedCell, costs: Costs) -> str:
    """In bytes, which every run finds alike; milliseconds, which no two do, are in the table of costs."""
    cost = costs.get((cell.ranker, cell.variant))
    return f"it keeps {size(cost.bytes_online)} online" if cost else ""


def size(count: int) -> str:
    """Bytes for people: ``0 B``, ``12 kB``, ``3.4 MB``."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.2g} {unit}"
