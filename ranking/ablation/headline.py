"""The headline of a report: which variants improve rankers, for which slices, at what cost, how surely."""

from collections.abc import Mapping, Sequence

from ranking.ablation.cells import ComparedCell
from ranking.ablation.config import AblationConfig
from ranking.ablation.findings import interval, signed
from ranking.ablation.result import Cost
from ranking.metrics.statistics import METRICS

#: most variants that a headline names, and most slices beside a gain
_NAMED = 3

#: (ranker, variant) → its cost
Costs = Mapping[tuple[str, str], Cost]


def headline(primary: Sequence[ComparedCell], config: AblationConfig) -> str:
    """Return one sentence on which variants improve which rankers in the primary metric.

    For example ``Earned its keep in AUC: neighbours for all 3 rankers; dense for dlrm. Not shown: clusters.``
    """
    title = METRICS[config.primary].title
    compared = [cell for cell in primary if cell.verdict and cell.variant not in config.rungs]
    variants = list(dict.fromkeys(cell.variant for cell in compared))
    helped = {v: [c.ranker for c in compared if (c.variant, c.verdict) == (v, "better")] for v in variants}
    tried = {v: [c.ranker for c in compared if c.variant == v] for v in variants}
    if not any(helped.values()):
        return f"No variant improves {title} for any ranker."
    better = sorted((v for v in variants if helped[v]), key=lambda v: -len(helped[v]))
    named = "; ".join(
        f"{variant} for {_rankers(helped[variant], tried[variant])}" for variant in better[:_NAMED]
    )
    if len(better) > _NAMED:
        named += f"; for some, {_listed(better[_NAMED:])}"
    no_gain = [variant for variant, rankers in helped.items() if not rankers]
    rest = f" Not shown: {', '.join(no_gain)}." if no_gain else ""
    return f"Earned its keep in {title}: {named}.{rest}"


def _rankers(helped: Sequence[str], tried: Sequence[str]) -> str:
    """Return the rankers that a variant improves: by name, or ``all 3 rankers``."""
    if len(helped) == len(tried) and len(tried) > 1:
        return f"all {len(tried)} rankers" if len(tried) > 2 else "both rankers"
    return _listed(helped)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(text for text in (", ".join(names[:-1]), names[-1]) if text)


def gains(primary: Sequence[ComparedCell], config: AblationConfig, costs: Costs) -> list[str]:
    """Return a sentence for each ranker that gained: its best variant, best slices, and cost."""
    sign = 1 if METRICS[config.primary].higher_is_better else -1
    sentences = []
    for ranker in dict.fromkeys(cell.ranker for cell in primary):
        mine = [(c, c.difference) for c in primary if c.ranker == ranker and c.verdict == "better"]
        better = [(cell, change) for cell, change in mine if change and cell.variant not in config.rungs]
        if not better:
            continue
        cell, _ = max(better, key=lambda pair: sign * pair[1].value)
        clauses = [_gain(cell), _best_slices(cell, sign), _cost(cell, costs)]
        sentences.append("; ".join(clause for clause in clauses if clause) + ".")
    return sentences


def _gain(cell: ComparedCell) -> str:
    change, p = cell.difference, cell.p_corrected
    if change is None or p is None:
        return ""
    significance = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    by_delong = f", by DeLong {interval(cell.metric, cell.delong)}" if cell.delong else ""
    gained = f"{METRICS[cell.metric].title} {interval(cell.metric, change)}"
    return (
        f"{cell.ranker} gains most with {cell.variant}: {gained}, {significance} after correction{by_delong}"
    )


def _best_slices(cell: ComparedCell, sign: int) -> str:
    """Return the slices that gained most, of those whose interval leaves out 0."""
    changes = [(name, figure.difference) for name, figure in cell.slices.items() if figure.difference]
    better = [(name, d) for name, d in changes if (d.low > 0 if sign > 0 else d.high < 0)]
    better.sort(key=lambda pair: -sign * pair[1].value)
    if not better:
        return "in no slice alone is it told from nothing"
    named = ", ".join(f"{name} {signed(cell.metric, d.value)}" for name, d in better[:_NAMED])
    return f"most for {named}"


def _cost(cell: ComparedCell, costs: Costs) -> str:
    """Return the cost in bytes, equal in every run; milliseconds, which vary, are in the table of costs."""
    cost = costs.get((cell.ranker, cell.variant))
    return f"it keeps {size(cost.bytes_online)} online" if cost else ""


def size(count: int) -> str:
    """Return a number of bytes as text: ``0 B``, ``12 kB``, ``3.4 MB``."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.2g} {unit}"
