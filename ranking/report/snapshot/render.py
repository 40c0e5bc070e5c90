"""A snapshot as one HTML file: no request, one short script for the search box, the same bytes again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from embedding_features.artifact import Manifest
from embedding_features.files import write_atomic
from embedding_features.space import Check
from embedding_features.space.drift import Drift
from ranking.report.page import render_page
from ranking.report.snapshot.codebooks import CodebookUse
from ranking.report.snapshot.figures import NodeFigures
from ranking.report.snapshot.findings import snapshot_findings
from ranking.report.snapshot.plots import histogram
from ranking.report.snapshot.search import SCRIPT
from ranking.report.snapshot.titles import Titles
from ranking.report.snapshot.view import node_view

_QUANTILES = {"least": 0.0, "5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "most": 1.0}


@dataclass(frozen=True)
class SnapshotReport:
    """All that a snapshot's page shows.

    Attributes:
        parent: the earlier snapshot that ``drift`` is against; None where there is none.
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
    """The page as a string of HTML; ids, titles and names are escaped."""
    made = report.manifest
    values = {
        "title": f"Snapshot {made.run_id}",
        "findings": snapshot_findings(report.checks, report.drift, report.parent),
        "report": report,
        "made": made,
        "views": [node_view(figures, report.titles) for figures in report.nodes],
        "norm_plots": [_norms(figures, place) for place, figures in enumerate(report.nodes)],
        "drift_plots": [_cosines(drift, place) for place, drift in enumerate(report.drift)],
        "quantiles": list(_QUANTILES),
        "settings": list(_flat(made.config)),
    }
    filters = {"quantiles": lambda sample: np.quantile(sample, list(_QUANTILES.values())).tolist()}
    return render_page("snapshot.html.j2", values, filters, SCRIPT)


def render_snapshot(report: SnapshotReport, path: Path) -> None:
    """Write the page to ``path``, whole or not at all."""
    write_atomic(path, render_snapshot_html(report).encode())


def _norms(figures: NodeFigures, place: int) -> Markup:
    return histogram(figures.norms, f"norms-{place}", "norm", f"{figures.node_type}: distribution of norms")


def _cosines(drift: Drift, place: int) -> Markup | None:
    if drift.cosines is None or not len(drift.cosines):
        return None
    label = f"{drift.node_type}: distribution of cosines between each vector and the one before"
    return histogram(drift.cosines, f"cosines-{place}", "cosine to the vector before", label)


def _flat(settings: Mapping[str, Any], within: str = "") -> list[tuple[str, str]]:
    """Settings of settings, by their path."""
    pairs = []
    for name, value in settings.items():
        path = f"{within}{name}"
        pairs += _flat(value, f"{path}.") if isinstance(value, Mapping) else [(path, str(value))]
    return pairs
