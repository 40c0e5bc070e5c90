"""The ablation as one HTML file: no script, no request, the same bytes for the same result."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from embedding_features.files import write_atomic
from ranking.ablation.cells import Difference, Estimate, verdict
from ranking.ablation.findings import interval, number, signed
from ranking.ablation.headline import size
from ranking.ablation.result import Ablation, Verdict
from ranking.metrics.statistics import METRICS
from ranking.report.context import ReportContext
from ranking.report.costs import cost_rows, gain_over_cost
from ranking.report.importance import group_colours, importance_bars
from ranking.report.page import render_page
from ranking.report.plots import forest, late_curve
from ranking.report.summary import p_value, with_spread


def render_html(ablation: Ablation, context: ReportContext) -> str:
    """Return the report as a string of HTML; ``context`` and all names in ``ablation`` are escaped."""
    rankers = ablation.rankers
    variants = {ranker: _ordered(ablation, ablation.variants(ranker)) for ranker in rankers}
    costs = {ranker: rows for ranker in rankers if (rows := cost_rows(ablation, ranker, variants[ranker]))}
    recall = list(dict.fromkeys(cell.metric for cell in ablation.recall))
    values = {
        "title": context.title,
        "findings": ablation.findings,
        "ablation": ablation,
        "config": ablation.config,
        "context": context,
        "metrics": METRICS,
        "primary": METRICS[ablation.config.primary],
        "coverage": f"{100 * (1 - ablation.config.alpha):g} %",
        "compared": _ordered(ablation, (cell.variant for cell in ablation.cells if cell.difference)),
        "variants": variants,
        "plots": {ranker: forest(ablation, ranker) for ranker in rankers},
        "strongest": _strongest(ablation),
        "strongest_slice": {ranker: _strongest_slice(ablation, ranker) for ranker in rankers},
        "costs": costs,
        "cost_plots": {ranker: gain_over_cost(ablation, ranker, rows) for ranker, rows in costs.items()},
        "importance": importance_bars(ablation),
        "colours": group_colours(ablation),
        "recall": {metric: [c for c in ablation.recall if c.metric == metric] for metric in recall},
        "late_plot": late_curve(ablation.late) if ablation.late else "",
        "health": list(dict.fromkeys(name for snapshot in context.snapshots for name in snapshot.health)),
    }
    filters: dict[str, Callable[..., Any]] = {
        "number": lambda value, metric: number(metric, value),
        "signed": lambda value, metric: signed(metric, value),
        "interval": lambda difference, metric: interval(metric, difference),
        "span": _span,
        "size": size,
        "p_value": p_value,
        "with_spread": with_spread,
        "side": _side,
    }
    return render_page("ablation.html.j2", values, filters)


def render(ablation: Ablation, path: Path, context: ReportContext) -> None:
    """Write the report to ``path``, whole or not at all."""
    write_atomic(path, render_html(ablation, context).encode())


def _side(difference: Difference, metric: str) -> Verdict:
    """Which side of 0 a whole interval is on, uncorrected: for the slices, which have no verdict."""
    significant = not difference.low <= 0 <= difference.high
    return verdict(difference.value, significant, METRICS[metric].higher_is_better)


def _span(estimate: Estimate, metric: str) -> str:
    """``+0.0050 … +0.0112``: an interval without its figure."""
    return f"{signed(metric, estimate.low)} … {signed(metric, estimate.high)}"


def _strongest(ablation: Ablation) -> float:
    """The largest difference with a verdict, the baseline's parts aside: the full tint of the grid."""
    metric, rungs = ablation.config.primary, ablation.config.rungs
    mine = [cell for cell in ablation.cells if cell.metric == metric and cell.variant not in rungs]
    decided = [cell.difference for cell in mine if cell.verdict in ("better", "worse")]
    return max((abs(change.value) for change in decided if change), default=1.0)


def _ordered(ablation: Ablation, variants: Iterable[str]) -> list[str]:
    """The baseline, then what is compared with it, then the baseline's own parts."""
    config = ablation.config
    return sorted(
        dict.fromkeys(variants), key=lambda name: (name != config.baseline) + 2 * (name in config.rungs)
    )


def _strongest_slice(ablation: Ablation, ranker: str) -> float:
    """The largest slice difference of a ranker that leaves out 0: the full tint of its table."""
    metric = ablation.config.primary
    shown = [
        abs(part.difference.value)
        for cell in ablation.cells
        if cell.ranker == ranker and cell.metric == metric
        for part in cell.slices.values()
        if part.difference and _side(part.difference, metric) != "no difference"
    ]
    return max(shown, default=1.0)
