"""Plots as inline SVG that takes the page's colours and font, so one plot serves light, dark and print."""

import io
import re
from collections.abc import Mapping

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from ranking.ablation_result import Ablation, Cell, Verdict
from ranking.calibration import Reliability
from ranking.metric_statistics import METRICS

# matplotlib cannot write a CSS variable, so it draws with colours that mean one and are exchanged afterwards
_INK, _LINE = "#010101", "#020202"
_VERDICT: dict[Verdict, str] = {"better": "#030303", "worse": "#040404", "no difference": "#050505"}
_VARIABLES = {
    _INK: "var(--ink)",
    _LINE: "var(--line)",
    _VERDICT["better"]: "var(--better)",
    _VERDICT["worse"]: "var(--worse)",
    _VERDICT["no difference"]: "var(--open)",
}
_MARKERS: dict[Verdict, str] = {"better": "D", "worse": "s", "no difference": "o"}


def _inline(figure: Figure, name: str, label: str) -> Markup:
    """The figure as an <svg> element with ids of its own (``name``) and a text alternative (``label``)."""
    buffer = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#|url\(#', lambda m: f"{m[0]}{name}-", svg)
    svg = re.sub(r"(font: [\d.]+px) [^;\"]*", r"\1 var(--sans)", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    size = re.match(r'<svg [^>]*?width="([\d.]+)pt" height="[\d.]+pt"', svg)
    width = f"{float(size[1]) * 4 / 3:.0f}px" if size else "100%"
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    alternative = Markup('<svg role="img" aria-label="{}" style="max-width: {}"').format(label, width)
    return Markup(svg.replace("<svg", str(alternative), 1))


def _limits(cells: list[Cell]) -> tuple[float, float]:
    """One scale for all rankers: every interval, and 0, with some room."""
    bounds = [0.0] + [
        b for cell in cells if cell.difference for b in (cell.difference.low, cell.difference.high)
    ]
    room = 0.06 * (max(bounds) - min(bounds) or 1.0)
    return min(bounds) - room, max(bounds) + room


# ids that depend on nothing but the drawing; text as text; a dollar in a name starts no formula
_drawn = mpl.rc_context(
    {"svg.hashsalt": "embedding-features", "svg.fonttype": "none", "text.parse_math": False}
)


@_drawn
def forest(ablation: Ablation, ranker: str) -> Markup:
    """A ranker's differences from the baseline in the primary metric: points, intervals, verdicts."""
    metric = ablation.config.primary
    primary = [cell for cell in ablation.cells if cell.metric == metric and cell.difference]
    cells = [cell for cell in primary if cell.ranker == ranker]
    figure = Figure(figsize=(4.6, 0.75 + 0.32 * len(cells)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color=_INK, linewidth=0.9)
    for place, cell in enumerate(cells):
        if cell.difference is None or cell.verdict is None:
            continue
        d, colour = cell.difference, _VERDICT[cell.verdict]
        axes.plot([d.low, d.high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([d.value], [place], marker=_MARKERS[cell.verdict], color=colour, markersize=6.5)
    axes.set_yticks(range(len(cells)), [cell.variant for cell in cells])
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.set_xlim(*_limits(primary))
    axes.locator_params(axis="x", nbins=6)
    arrow = "right is better" if METRICS[metric].higher_is_better else "left is better"
    axes.set_xlabel(f"{METRICS[metric].title} minus the baseline's ({arrow})", color=_INK)
    axes.grid(axis="x", color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(color=_LINE, labelcolor=_INK, length=0)
    axes.spines[:].set_visible(False)
    label = f"{ranker}: differences from the baseline in {METRICS[metric].title}, as in the table beside it"
    name = f"forest-{ablation.rankers.index(ranker)}"
    return _inline(figure, name, label)


@_drawn
def reliability(curves: Mapping[str, Reliability], name: str) -> Markup:
    """Shares of ones over mean scores, a line a ranker; on the diagonal a score is what it says.

    Args:
        curves: up to three, by what they are called in the legend, as "raw" and "calibrated".
        name: what its ids begin with; one of its own in the page.
    """
    figure = Figure(figsize=(3.6, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=_LINE, linewidth=0.9)
    for (title, curve), (verdict, colour) in zip(curves.items(), _VERDICT.items(), strict=False):
        axes.plot(
            curve.score,
            curve.share,
            color=colour,
            marker=_MARKERS[verdict],
            markersize=4.5,
            linewidth=1.4,
            label=f"{title}, ECE {curve.ece:.4f}",
        )
    axes.set_xlabel("Mean score", color=_INK)
    axes.set_ylabel("Share of ones", color=_INK)
    axes.legend(frameon=False, labelcolor=_INK, loc="upper left")
    axes.grid(color=_LINE, linewidth=0.6)
    axes.tick_params(color=_LINE, labelcolor=_INK, length=0)
    axes.spines[:].set_visible(False)
    errors = ", ".join(f"{title} {curve.ece:.4f}" for title, curve in curves.items())
    return _inline(figure, name, f"Reliability: shares of ones over mean scores; calibration error {errors}")
