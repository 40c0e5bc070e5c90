"""``pretrain``: vectors of every graph, each in the space of the one before it."""

import shutil
from pathlib import Path
from typing import Any

from embedding_features.artifact import Snapshot, find_snapshot, run_id, write_snapshot
from embedding_features.graph import Graph
from embedding_features.methods import Method
from embedding_features.progress import Progress
from embedding_features.space import align, next_space
from jobs.pipeline import Pipeline, Pretrain


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Fit the method on every graph, align each result to the one before, and write it down."""
    workspace, settings = pipeline.workspace, pipeline.pretrain
    graphs = workspace.read_json("graphs", "graph")
    method, parent, rows = settings.composition(), None, []
    with progress.task(f"pretrain: {method.name}", len(graphs)) as advance:
        for row in graphs:
            graph = Graph.load(Path(row["folder"]))
            name = run_id(
                method.name,
                graph.as_of,
                config=method.model_dump(mode="json"),
                seed=settings.seed,
                graph_fingerprint=graph.fingerprint,
                parent=parent.manifest.run_id if parent else None,
            )
            snapshot = find_snapshot(workspace.embeddings, name)
            if snapshot is None:
                checkpoint = workspace.checkpoints / name
                snapshot = _fit(method, settings, graph, parent, checkpoint, workspace.embeddings, progress)
                shutil.rmtree(checkpoint, ignore_errors=True)
            rows.append(_row(snapshot))
            parent = snapshot
            advance(1, name)
    workspace.write_json("embeddings", [row["run_id"] for row in rows])
    return {"embeddings": rows}


def _fit(
    method: Method,
    settings: Pretrain,
    graph: Graph,
    parent: Snapshot | None,
    checkpoint: Path,
    root: Path,
    progress: Progress,
) -> Snapshot:
    init = parent.embeddings() if parent and settings.warm_start else None
    fitted = method.fit(graph, seed=settings.seed, init=init, checkpoint=checkpoint, progress=progress)
    if parent is None:
        return write_snapshot(fitted, root, space=settings.first_space(fitted))
    embeddings, alignment = align(fitted, parent, settings.align)
    space = next_space(parent.manifest.space, embeddings, alignment, settings.align)
    stays = space == parent.manifest.space
    return write_snapshot(
        embeddings if stays else fitted,
        root,
        space=space,
        parent=parent.manifest.run_id,
        alignment=alignment if stays else None,
    )


def _row(snapshot: Snapshot) -> dict[str, Any]:
    made = snapshot.manifest
    return {
        "as_of": made.as_of.isoformat(),
        "run_id": made.run_id,
        "space": made.space.id,
        **{node_type: record.count for node_type, record in made.nodes.items()},
        "residual": made.alignment.residual if made.alignment else None,
    }
