"""``derive``: clusters, tokens and neighbours of every snapshot, and its health."""

from typing import Any

from embedding_features.artifact import Snapshot, find_snapshot, run_id, write_snapshot
from embedding_features.derive import Codebook, derive, derive_recipe, load_codebooks
from embedding_features.progress import Progress
from embedding_features.space import check_health
from jobs.pipeline import Pipeline


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Derive features with the codebooks of the space, and let no unhealthy snapshot pass."""
    workspace = pipeline.workspace
    names = workspace.read_json("embeddings", "pretrain")
    codebooks: list[Codebook] = []
    rows = []
    with progress.task("derive", len(names)) as advance:
        for name in names:
            source = Snapshot.open(workspace.embeddings / name)
            snapshot = _derived(pipeline, source, codebooks, progress)
            codebooks = load_codebooks(snapshot)
            rows.append({"run_id": snapshot.manifest.run_id, **_figures(snapshot)})
            advance(1, snapshot.manifest.run_id)
    workspace.write_json("features", [row["run_id"] for row in rows])
    return {"features": rows}


def _derived(pipeline: Pipeline, source: Snapshot, codebooks: list[Codebook], progress: Progress) -> Snapshot:
    made, root = source.manifest, pipeline.workspace.features
    same_space = [codebook for codebook in codebooks if codebook.space == made.space]
    derivations = pipeline.derive.derivations()
    name = run_id(
        made.method,
        made.as_of,
        config=made.config,
        seed=made.seed,
        graph_fingerprint=made.graph_fingerprint,
        parent=made.parent,
        derived=derive_recipe(*derivations, codebooks=same_space, seed=made.seed),
    )
    found = find_snapshot(root, name)
    if found is not None:
        return found
    embeddings = source.embeddings()
    report = check_health(embeddings, pipeline.health)
    report.raise_if_unhealthy()
    features = derive(
        embeddings, *derivations, space=made.space, codebooks=same_space, seed=made.seed, progress=progress
    )
    return write_snapshot(
        features, root, parent=made.parent, alignment=made.alignment, health=report.figures()
    )


def _figures(snapshot: Snapshot) -> dict[str, Any]:
    return {
        f"{node_type} {figure}": value
        for node_type, figures in snapshot.manifest.health.items()
        for figure, value in figures.items()
        if figure in ("coverage", "effective_rank", "duplicate_vectors")
    }
