"""Histograms: of norms, and of cosines to the last snapshot."""

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from embedding_features.arrays import F64
from ranking.report.svg import INK, LINE, VERDICT, WIDTH, drawn, inline, plain_axes

_BINS = 40
_ENDS = (0.005, 0.995)


@drawn
def histogram(values: F64, name: str, of: str, label: str) -> Markup:
    """How often each value occurs, in 40 bins, and the median as a line; the ends gather what lies far out.

    Args:
        name: what the plot's ids begin with; one of its own in the page.
        of: what the values are, for the axis.
        label: the text alternative.
    """
    figure = Figure(figsize=(WIDTH, 2.1), layout="constrained")
    axes = plain_axes(figure)
    low, high = np.quantile(values, _ENDS)
    axes.hist(np.clip(values, low, high), bins=_BINS, color=VERDICT["no difference"])
    axes.axvline(float(np.median(values)), color=INK, linewidth=1.2)
    axes.locator_params(nbins=5)
    axes.set_xlabel(f"{of} (line: median)", color=INK)
    axes.set_ylabel("nodes", color=INK)
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    return inline(figure, name, label)
