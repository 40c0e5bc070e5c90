"""Plots of an ablation: differences with their intervals, and reliability."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from ranking.ablation.result import Ablation, ComparedCell
from ranking.metrics.reliability import Reliability
from ranking.metrics.statistics import METRICS
from ranking.report.svg import INK, LINE, MARKERS, VERDICT, WIDTH, drawn, inline, plain_axes, shortened


@drawn
def forest(ablation: Ablation, ranker: str) -> Markup:
    """Return a plot of a ranker's differences from the baseline in the primary metric.

    Each has its point, interval and verdict. Variants that are parts of the baseline are left out: what those
    lose would set the scale.
    """
    metric, rungs = ablation.config.primary, ablation.config.rungs
    compared = [cell for cell in ablation.cells if cell.metric == metric and cell.difference]
    primary = [cell for cell in compared if cell.variant not in rungs]
    cells = [cell for cell in primary if cell.ranker == ranker]
    figure = Figure(figsize=(WIDTH, 0.75 + 0.32 * len(cells)), layout="constrained")
    axes = plain_axes(figure)
    axes.axvline(0, color=INK, linewidth=0.9)
    for row, cell in enumerate(cells):
        if cell.difference is None or cell.verdict is None:
            continue
        d, colour = cell.difference, VERDICT[cell.verdict]
        axes.plot([d.low, d.high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([d.value], [row], marker=MARKERS[cell.verdict], color=colour, markersize=6.5)
    axes.set_yticks(range(len(cells)), [shortened(cell.variant, 16) for cell in cells])
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.set_xlim(*_limits(primary))
    axes.locator_params(axis="x", nbins=5)
    arrow = "right is better" if METRICS[metric].higher_is_better else "left is better"
    axes.set_xlabel(f"{METRICS[metric].title} change ({arrow})", color=INK)
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    label = f"{ranker}: differences from the baseline in {METRICS[metric].title}, as in the table beside it"
    name = f"forest-{ablation.rankers.index(ranker)}"
    return inline(figure, name, label)


@drawn
def late_curve(cells: Sequence[ComparedCell]) -> Markup:
    """Return a plot of differences from the baseline over how late events are seen, with their intervals."""
    changes = [(cell.variant, cell.difference) for cell in cells if cell.difference is not None]
    figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
    axes = plain_axes(figure)
    axes.axhline(0, color=INK, linewidth=0.9)
    colour, places = VERDICT["better"], range(len(changes))
    axes.plot(places, [change.value for _, change in changes], color=colour, linewidth=1.4)
    for place, (_, change) in enumerate(changes):
        axes.plot([place, place], [change.low, change.high], color=colour, linewidth=2.2)
        axes.plot([place], [change.value], marker="o", color=colour, markersize=5.5)
    axes.set_xticks(places, [lag for lag, _ in changes])
    axes.set_xlabel("Events are seen after", color=INK)
    title = METRICS[cells[0].metric].title
    axes.set_ylabel(f"{title} over the baseline", color=INK)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    return inline(
        figure, "late", f"{title} over the baseline by how late events are seen, as in the table below"
    )


def _limits(cells: list[ComparedCell]) -> tuple[float, float]:
    """One scale for all rankers: every interval, and 0, with some room."""
    bounds = [0.0] + [
        b for cell in cells if cell.difference for b in (cell.difference.low, cell.difference.high)
    ]
    room = 0.06 * (max(bounds) - min(bounds) or 1.0)
    return min(bounds) - room, max(bounds) + room


@drawn
def reliability(curves: Mapping[str, Reliability], name: str) -> Markup:
    """Return a plot of shares of ones over mean scores, a line for each curve; the diagonal is calibrated.

    Args:
        curves: up to three, by what they are called in the legend, as "raw" and "calibrated".
        name: what the plot's ids begin with; one of its own in the page.
    """
    figure = Figure(figsize=(3.6, 3.4), layout="constrained")
    axes = plain_axes(figure)
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=0.9)
    for (title, curve), (verdict, colour) in zip(curves.items(), VERDICT.items(), strict=False):
        axes.plot(
            curve.score,
            curve.share,
            color=colour,
            marker=MARKERS[verdict],
            markersize=4.5,
            linewidth=1.4,
            label=f"{title}, ECE {curve.ece:.4f}",
        )
    axes.set_xlabel("Mean score", color=INK)
    axes.set_ylabel("Share of ones", color=INK)
    axes.legend(frameon=False, labelcolor=INK, loc="upper left")
    axes.grid(color=LINE, linewidth=0.6)
    errors = ", ".join(f"{title} {curve.ece:.4f}" for title, curve in curves.items())
    return inline(figure, name, f"Reliability: shares of ones over mean scores; calibration error {errors}")
