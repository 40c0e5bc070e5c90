"""``report``: pages for people, of a snapshot or of a finished ablation."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from embedding_features.artifact import Snapshot, list_snapshots
from embedding_features.progress import Progress
from embedding_features.space.drift import drift
from ranking.ablation.result import Ablation
from ranking.report.context import ReportContext
from ranking.report.render import render
from ranking.report.snapshot.codebooks import codebook_use
from ranking.report.snapshot.figures import NodeFigures, node_figures
from ranking.report.snapshot.findings import snapshot_findings
from ranking.report.snapshot.health import recorded_checks
from ranking.report.snapshot.render import SnapshotReport, render_snapshot
from ranking.report.snapshot.titles import Titles, TitleSource


def snapshot_page(
    folder: Path,
    titles: list[str],
    parent: Path | None,
    to: Path | None,
    command: str,
    progress: Progress,
) -> dict[str, Any]:
    """Show a snapshot: by default beside the one before it in the same folder, in ``workspace/report``.

    Args:
        titles: ``[TYPE=]table.parquet:key:column`` each.
        command: what the page says it was made by.

    Raises:
        ConfigError: for titles of another form, or of no node type.
        DataError: when a table of titles cannot be read.
        SnapshotError: when a folder is no whole snapshot.
    """
    snapshot = Snapshot.open(folder)
    made = snapshot.manifest
    sources = [TitleSource.parse(text, sorted(made.nodes)) for text in titles]
    before = Snapshot.open(parent) if parent else _last_before(snapshot)
    nodes = []
    with progress.task("snapshot report", len(made.nodes)) as advance:
        for node_type in made.nodes:
            nodes.append(node_figures(snapshot, node_type))
            advance(1, node_type)
    report = SnapshotReport(
        manifest=made,
        nodes=nodes,
        checks=recorded_checks(made),
        codebooks=codebook_use(snapshot),
        parent=before.manifest if before else None,
        drift=drift(snapshot, before) if before else (),
        titles=_titles(sources, nodes),
        command=command,
    )
    path = to or Path("workspace/report") / f"{made.run_id}.html"
    render_snapshot(report, path)
    return _told(report, path)


def _last_before(snapshot: Snapshot) -> Snapshot | None:
    """The newest snapshot of the same family in the same folder that is earlier."""
    made = snapshot.manifest
    earlier = [
        one
        for one in list_snapshots(snapshot.folder.resolve().parent)
        if one.manifest.space.family == made.space.family and one.manifest.as_of < made.as_of
    ]
    return earlier[-1] if earlier else None


def _titles(sources: list[TitleSource], nodes: list[NodeFigures]) -> Titles:
    """Titles of the nodes shown and of their neighbours."""
    found: dict[str, dict[Any, str]] = {}
    for source in sources:
        shown = [one.ids for one in nodes if one.node_type == source.node_type]
        near = [one.neighbourhood for one in nodes if one.neighbourhood]
        shown += [one.ids for one in near if one.node_type == source.node_type]
        found.setdefault(source.node_type, {}).update(source.read(pa.concat_arrays(shown)))
    return found


def _told(report: SnapshotReport, path: Path) -> dict[str, Any]:
    findings = snapshot_findings(report.checks, report.drift, report.parent)
    return {
        "findings": [{"finding": sentence} for sentence in findings],
        "healthy": all(check.passed for check in report.checks) if report.checks else None,
        "drift": [
            {
                "of": one.node_type,
                "shared": one.shared,
                "new": one.new,
                "gone": one.gone,
                "mean cosine": None if one.cosines is None else float(one.cosines.mean()),
                "neighbours kept": one.neighbours_kept,
                "clusters kept": one.clusters_kept,
            }
            for one in report.drift
        ],
        "report": str(path.resolve()),
    }


def ablation_page(json: Path, to: Path) -> dict[str, Any]:
    """Render an ablation's JSON again.

    Raises:
        DataError: when the file is missing or is no ablation's result.
    """
    ablation = Ablation.read_json(json)
    context = ReportContext(
        title=f"Ablation of {json.name}",
        task=f"Rendered again from {json.name}; what was predicted, on which splits and from which snapshots "
        "stands in the page the job wrote.",
    )
    render(ablation, to, context)
    return {"report": str(to.resolve())}
