"""``pretrain``: vectors of every graph, each in the space of the one before it."""

import shutil
from pathlib import Path
from typing import Any

from embedding_features.artifact import Snapshot, find_snapshot, run_id, write_snapshot
from embedding_features.graph import Graph
from embedding_features.methods import Method
from embedding_features.progress import Progress
from embedding_features.space import place
from jobs.pipeline import Pipeline, Pretrain
from jobs.workspace import Workspace


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Fit the method on every graph, align each result to the one before, and write it down."""
    workspace, settings = pipeline.workspace, pipeline.pretrain
    graphs = workspace.read_json("graphs", "graph")
    method, parent, rows, folders = settings.composition(), None, [], []
    with progress.task(f"pretrain: {method.name}", len(graphs)) as advance:
        for row in graphs:
            graph = Graph.load(Path(row["folder"]))
            parent = fit_snapshot(workspace, settings, method, graph, parent, progress)
            rows.append(_row(parent))
            folders.append(str(parent.folder))
            advance(1, parent.manifest.run_id)
    workspace.write_json("embeddings", folders)
    return {"embeddings": rows}


def fit_snapshot(
    workspace: Workspace,
    settings: Pretrain,
    method: Method,
    graph: Graph,
    parent: Snapshot | None,
    progress: Progress,
) -> Snapshot:
    """The snapshot of a graph: found, or fitted; a kill in between leaves a checkpoint to go on from."""
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
