"""A snapshot as one HTML file: no request, one short script for the search box, the same bytes again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from embedding_features.arrays import F64
from embedding_features.artifact import Manifest
from embedding_features.files import write_atomic
from embedding_features.space import Check
from embedding_features.space.drift import Drift
from ranking.report.page import render_page
from ranking.report.snapshot.codebooks import CodebookUse
from ranking.report.snapshot.figures import NodeFigures
from ranking.report.snapshot.findings import fresh_findings, snapshot_findings
from ranking.report.snapshot.search import SCRIPT
from ranking.report.snapshot.titles import Titles
from ranking.report.snapshot.view import node_view
from ranking.report.svg import INK, LINE, VERDICT, WIDTH, drawn, inline, plain_axes

_QUANTILES = {"least": 0.0, "5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "most": 1.0}
#: of a histogram: bins, and the quantiles at which it ends
_BINS, _ENDS = 40, (0.005, 0.995)


@dataclass(frozen=True)
class SnapshotReport:
    """All that a snapshot's page shows.

    Attributes:
        manifest: of the snapshot.
        nodes: what each node type looks like.
        checks: the recorded health figures beside the gate's thresholds.
        codebooks: how much of each codebook is used.
        parent: manifest of the earlier snapshot that ``drift`` is against; None where there is none.
        drift: how far each node type moved since then.
        titles: names of ids.
        command: what to run to get this page again.
    """

    manifest: Manifest
    nodes: Sequence[NodeFigures]
    checks: Sequence[Check]
    codebooks: Sequence[CodebookUse]
    parent: Manifest | None
    drift: Sequence[Drift]
    titles: Titles
    command: str


def render_snapshot_html(report: SnapshotReport) -> str:
    """Return the page as a string of HTML; ids, titles and names are escaped."""
    made = report.manifest
    values = {
        "title": f"Snapshot {made.run_id}",
        "findings": [
            *snapshot_findings(report.checks, report.drift, report.parent),
            *fresh_findings(made.fresh),
        ],
        "report": report,
        "made": made,
        "views": [node_view(figures, report.titles) for figures in report.nodes],
        "norm_plots": [_norm_plot(figures, number) for number, figures in enumerate(report.nodes)],
        "drift_plots": [_cosine_plot(drift, number) for number, drift in enumerate(report.drift)],
        "quantiles": list(_QUANTILES),
        "settings": list(_flat(made.config)),
    }
    filters = {"quantiles": lambda sample: np.quantile(sample, list(_QUANTILES.values())).tolist()}
    return render_page("snapshot.html.j2", values, filters, SCRIPT)


def render_snapshot(report: SnapshotReport, path: Path) -> None:
    """Write the page to ``path``, whole or not at all."""
    write_atomic(path, render_snapshot_html(report).encode())


def _norm_plot(figures: NodeFigures, number: int) -> Markup:
    label = f"{figures.node_type}: distribution of norms"
    return _histogram(figures.norms, f"norms-{number}", "norm", label)


def _cosine_plot(drift: Drift, number: int) -> Markup | None:
    if drift.cosines is None or not len(drift.cosines):
        return None
    label = f"{drift.node_type}: distribution of cosines between each vector and the one before"
    return _histogram(drift.cosines, f"cosines-{number}", "cosine to the vector before", label)


@drawn
def _histogram(values: F64, name: str, of: str, label: str) -> Markup:
    """How often each value occurs, in 40 bins, and the median as a line; the ends gather what lies far out.

    Args:
        values: the values.
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


def _flat(settings: Mapping[str, Any], within: str = "") -> list[tuple[str, str]]:
    """The settings, those inside others by their path."""
    pairs = []
    for name, value in settings.items():
        path = f"{within}{name}"
        pairs += _flat(value, f"{path}.") if isinstance(value, Mapping) else [(path, str(value))]
    return pairs
