"""The costs of each variant beside its gain: a table's rows, and a plot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from ranking.ablation.result import Ablation, Cost, Verdict
from ranking.metrics.statistics import METRICS
from ranking.report.svg import INK, LINE, MARKERS, SOFT, VERDICT, WIDTH, drawn, inline, plain_axes, shortened


@dataclass(frozen=True)
class CostRow:
    """A variant's cost beside its gain in the primary metric.

    Attributes:
        cost: of the variant.
        gain: difference from the baseline; 0 for the baseline itself.
        verdict: on that difference; None for the baseline.
    """

    cost: Cost
    gain: float
    verdict: Verdict | None

    @property
    def request_ms(self) -> float | None:
        """Milliseconds of reading and scoring a request; None where its features are not online."""
        return None if self.cost.read_ms is None else self.cost.read_ms + self.cost.score_ms


def cost_rows(ablation: Ablation, ranker: str, variants: Sequence[str]) -> list[CostRow]:
    """Return the costs of a ranker's variants, in their order; a variant without a cost has no row."""
    costs = {cost.variant: cost for cost in ablation.costs if cost.ranker == ranker}
    cells = [ablation.cell(ranker, variant, ablation.config.primary) for variant in variants]
    return [
        CostRow(costs[cell.variant], cell.difference.value if cell.difference else 0.0, cell.verdict)
        for cell in cells
        if cell.variant in costs
    ]


@drawn
def gain_over_cost(ablation: Ablation, ranker: str, rows: Sequence[CostRow]) -> Markup | None:
    """Return a plot of a ranker's variants: change in the primary metric over milliseconds a request.

    The baseline's parts and what is not online are left out; None comes back where that leaves nothing to
    compare.
    """
    known = [(ms, row) for row in rows if (ms := row.request_ms) is not None]
    points = [(ms, row) for ms, row in known if row.cost.variant not in ablation.config.rungs]
    if len(points) < 2:
        return None
    title = METRICS[ablation.config.primary].title
    height = 1.0 + max(1.3, 0.23 * len(points))
    figure = Figure(figsize=(WIDTH, height))
    figure.subplots_adjust(left=0.17, right=0.6, bottom=0.55 / height, top=1 - 0.35 / height)
    axes = plain_axes(figure)
    axes.axhline(0, color=INK, linewidth=0.9)
    for ms, row in points:
        colour, marker = (VERDICT[row.verdict], MARKERS[row.verdict]) if row.verdict else (INK, "P")
        axes.plot([ms], [row.gain], color=colour, marker=marker, markersize=6.5, clip_on=False)
    axes.margins(0.08)
    axes.set_xlim(left=0)
    axes.locator_params(nbins=4)
    axes.set_xlabel("ms a request", color=INK)
    axes.set_title(f"{title} change", color=INK, loc="left", x=-0.35, fontsize=10)
    axes.grid(color=LINE, linewidth=0.6)
    _add_names(axes, points)
    label = f"{ranker}: change in {title} over milliseconds a request, as in the table beside it"
    return inline(figure, f"cost-{ablation.rankers.index(ranker)}", label)


def _add_names(axes: Axes, points: Sequence[tuple[float, CostRow]]) -> None:
    """Write the variants' names right of the plot, each with a line to its point."""
    points = sorted(points, key=lambda point: point[1].gain)
    (low, high), (left, right) = axes.get_ylim(), axes.get_xlim()
    line = 0.19 * axes.figure.dpi / axes.bbox.height * (high - low)
    elbow = right + 0.05 * (right - left)
    heights = apart([row.gain for _, row in points], line, low, high)
    for (ms, row), height in zip(points, heights, strict=True):
        path = [ms, right, elbow], [row.gain, height, height]
        axes.plot(*path, color=SOFT, linewidth=0.6, clip_on=False, zorder=1)
        name = shortened(row.cost.variant, 17)
        axes.text(elbow, height, f" {name}", va="center", color=INK, fontsize=9.5)
    axes.set_ylim(low, high)
    axes.set_xlim(left, right)


def apart(wanted: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return ascending positions at least ``least`` apart, nearest to ``wanted`` (ascending) in squares.

    They are between ``low`` and ``high`` as far as there is room.
    """
    steps = least * np.arange(len(wanted))
    positions = isotonic_regression(np.asarray(wanted) - steps).x
    return [float(position) for position in np.clip(positions, low, max(low, high - steps[-1])) + steps]
