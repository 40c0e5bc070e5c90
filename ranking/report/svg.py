"""Inline SVG that takes the page's colours and font, so one plot serves light, dark and print."""

import io
import re

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ranking.ablation.result import Verdict

# matplotlib cannot write a CSS variable, so it draws with colours that mean one and are exchanged afterwards
INK, LINE, SOFT = "#010101", "#020202", "#060606"
VERDICT: dict[Verdict, str] = {"better": "#030303", "worse": "#040404", "no difference": "#050505"}
MARKERS: dict[Verdict, str] = {"better": "D", "worse": "s", "no difference": "o"}
_VARIABLES = {
    INK: "var(--ink)",
    LINE: "var(--line)",
    SOFT: "var(--soft)",
    VERDICT["better"]: "var(--better)",
    VERDICT["worse"]: "var(--worse)",
    VERDICT["no difference"]: "var(--open)",
}

#: inches: as wide as a phone's page, so that the text of a plot is never scaled down
WIDTH = 3.7

# ids that depend on nothing but the drawing; text as text; a dollar in a name starts no formula
drawn = mpl.rc_context(
    {"svg.hashsalt": "embedding-features", "svg.fonttype": "none", "text.parse_math": False}
)


def shortened(name: str, length: int = 20) -> str:
    """Return a name cut so that it leaves room for the plot; the tables have it whole."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def plain_axes(figure: Figure) -> Axes:
    """Return axes without a frame, in the page's colours."""
    axes = figure.add_subplot()
    axes.tick_params(color=LINE, labelcolor=INK, length=0)
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)
    return axes


def inline(figure: Figure, name: str, label: str) -> Markup:
    """Return the figure as an <svg> element.

    Args:
        figure: as matplotlib has it, in the colours above.
        name: what the ids in it begin with; one of its own in the page.
        label: the text alternative.
    """
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
