"""``pretrain``: learns vectors on every graph, each in the space of the one before it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedding_features.artifact import Snapshot, find_snapshot, run_id, write_snapshot
from embedding_features.graph import Graph
from embedding_features.progress import Progress
from embedding_features.space import place
from jobs.sections import Pretrain
from jobs.workspace import GraphRow, Workspace


def run(methods: Sequence[Pretrain], workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """Fit each method on every graph, align each result to the one before, and write it down.

    Args:
        methods: each a family of its own.
        workspace: has the graphs, and gets the snapshots and their folders as ``embeddings.json``.
        progress: shows the graphs of each method.
    """
    graphs = workspace.read_json("graphs", "graph", list[GraphRow])
    folders = [Path(row.folder) for row in graphs]
    found = {settings.key: _series(settings, folders, workspace, progress) for settings in methods}
    written = {key: [str(snapshot.folder) for snapshot in series] for key, series in found.items()}
    workspace.write_json("embeddings", written)
    return {"embeddings": [_row(snapshot) for series in found.values() for snapshot in series]}


def _series(
    settings: Pretrain, graphs: Sequence[Path], workspace: Workspace, progress: Progress
) -> list[Snapshot]:
    """Return the snapshots of one method, each the parent of the next."""
    method, series = settings.composition(), list[Snapshot]()
    with progress.task(f"pretrain: {method.name}", len(graphs)) as advance:
        for folder in graphs:
            parent = series[-1] if series else None
            graph = Graph.load(folder)
            series.append(fit_snapshot(workspace, settings, graph, parent, progress))
            advance(1, series[-1].manifest.run_id)
    return series


def fit_snapshot(
    workspace: Workspace,
    settings: Pretrain,
    graph: Graph,
    parent: Snapshot | None,
    progress: Progress,
) -> Snapshot:
    """Return the snapshot of a graph, found or fitted; a kill in between leaves a checkpoint to go on from.

    Args:
        workspace: where snapshots and checkpoints lie, each method's in a folder of its own.
        settings: which method, with which parameters.
        graph: what is learned from.
        parent: the snapshot before, whose space the new one is brought into; None for the first.
        progress: shows the training.
    """
    method = settings.composition()
    root = workspace.embeddings / settings.key
    name = run_id(
        method.name,
        graph.as_of,
        config=method.model_dump(mode="json"),
        seed=settings.seed,
        graph_fingerprint=graph.fingerprint,
        parent=parent.manifest.run_id if parent else None,
    )
    found = find_snapshot(root, name)
    if found is not None:
        return found
    checkpoint = workspace.checkpoints / settings.key / name
    init = parent.embeddings() if parent and settings.warm_start else None
    fitted = method.fit(graph, seed=settings.seed, init=init, checkpoint=checkpoint, progress=progress)
    placed = place(fitted, parent, family=settings.family_name, config=settings.align)
    snapshot = write_snapshot(
        placed.embeddings,
        root,
        space=placed.space,
        parent=parent.manifest.run_id if parent else None,
        alignment=placed.alignment,
    )
    shutil.rmtree(checkpoint, ignore_errors=True)
    return snapshot


def _row(snapshot: Snapshot) -> dict[str, Any]:
    made = snapshot.manifest
    return {
        "as_of": made.as_of.isoformat(),
        "run_id": made.run_id,
        "space": made.space.id,
        **{node_type: record.count for node_type, record in made.nodes.items()},
        "residual": made.alignment.residual if made.alignment else None,
    }
