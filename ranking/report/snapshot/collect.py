"""Collects what a snapshot's page shows: figures, checks, codebooks, drift and titles."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from embedding_features.artifact import Snapshot, list_snapshots
from embedding_features.progress import SILENT, Progress
from embedding_features.space.drift import drift
from ranking.report.snapshot.codebooks import codebook_use
from ranking.report.snapshot.figures import NodeFigures, node_figures
from ranking.report.snapshot.health import recorded_checks
from ranking.report.snapshot.render import SnapshotReport
from ranking.report.snapshot.titles import Titles, TitleSource


def collect_report(
    snapshot: Snapshot,
    parent: Snapshot | None,
    sources: Sequence[TitleSource],
    command: str,
    progress: Progress = SILENT,
) -> SnapshotReport:
    """Return all that the page of a snapshot shows.

    Args:
        snapshot: to be shown.
        parent: the snapshot to measure drift against; None for a page without drift.
        sources: tables of titles.
        command: what the page says it was made by.
        progress: shows the node types.

    Raises:
        DataError: when a table of titles cannot be read.
    """
    manifest = snapshot.manifest
    nodes = []
    with progress.task("snapshot report", len(manifest.nodes)) as advance:
        for node_type in manifest.nodes:
            nodes.append(node_figures(snapshot, node_type))
            advance(1, node_type)
    return SnapshotReport(
        manifest=manifest,
        nodes=nodes,
        checks=recorded_checks(manifest),
        codebooks=codebook_use(snapshot),
        parent=parent.manifest if parent else None,
        drift=drift(snapshot, parent) if parent else (),
        titles=_titles(sources, nodes),
        command=command,
    )


def snapshot_before(snapshot: Snapshot) -> Snapshot | None:
    """Return the newest earlier snapshot of the same family in the same folder; None without any."""
    manifest = snapshot.manifest
    earlier = [
        one
        for one in list_snapshots(snapshot.folder.resolve().parent)
        if one.manifest.space.family == manifest.space.family and one.manifest.as_of < manifest.as_of
    ]
    return earlier[-1] if earlier else None


def _titles(sources: Sequence[TitleSource], nodes: Sequence[NodeFigures]) -> Titles:
    """Return the titles of the nodes shown and of their neighbours."""
    found: dict[str, dict[Any, str]] = {}
    for source in sources:
        shown = [one.ids for one in nodes if one.node_type == source.node_type]
        near = [one.neighbourhood for one in nodes if one.neighbourhood]
        shown += [one.ids for one in near if one.node_type == source.node_type]
        found.setdefault(source.node_type, {}).update(source.read(pa.concat_arrays(shown)))
    return found
