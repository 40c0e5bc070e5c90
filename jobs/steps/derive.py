"""``derive``: makes clusters, tokens and neighbours of every snapshot, and checks its health."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedding_features.artifact import Snapshot, find_snapshot, run_id, write_snapshot
from embedding_features.config import config_hash
from embedding_features.derive import Codebook, DeriveSpec, derive, derive_recipe, load_codebooks
from embedding_features.progress import Progress
from embedding_features.space import HealthConfig, check_health
from jobs.workspace import Workspace

#: health figures that a person reads first
_SHOWN = ("coverage", "effective_rank", "duplicate_vectors")


def run(spec: DeriveSpec, health: HealthConfig, workspace: Workspace, progress: Progress) -> dict[str, Any]:
    """Derive features with the codebooks of the space, and let no unhealthy snapshot pass (exit 3).

    Args:
        spec: what to derive.
        health: the rules of the gate.
        workspace: has the snapshots, and gets those with features and their folders as ``features.json``.
        progress: shows the snapshots.
    """
    settings = {"derive": spec.model_dump(mode="json"), "health": health.model_dump()}
    sources = workspace.read_json("embeddings", "pretrain", dict[str, list[str]])
    rows, folders = [], []
    with progress.task("derive", sum(map(len, sources.values()))) as advance:
        for key, series in sources.items():
            root = workspace.features / f"{key}-{config_hash(settings)[:8]}"
            codebooks: Sequence[Codebook] = ()
            for source in series:
                snapshot = _derived(Snapshot.open(Path(source)), codebooks, spec, health, root, progress)
                codebooks = load_codebooks(snapshot)
                rows.append(_row(snapshot))
                folders.append(str(snapshot.folder))
                advance(1, snapshot.manifest.run_id)
    workspace.write_json("features", folders)
    return {"features": rows}


def _derived(
    source: Snapshot,
    earlier: Sequence[Codebook],
    spec: DeriveSpec,
    health: HealthConfig,
    root: Path,
    progress: Progress,
) -> Snapshot:
    """Return the derived snapshot, found in ``root`` or made with the codebooks of its space."""
    made = source.manifest
    codebooks = [codebook for codebook in earlier if codebook.space == made.space]
    derivations = spec.derivations()
    name = run_id(
        made.method,
        made.as_of,
        config=made.config,
        seed=made.seed,
        graph_fingerprint=made.graph_fingerprint,
        parent=made.parent,
        derived=derive_recipe(*derivations, codebooks=codebooks, seed=made.seed),
    )
    found = find_snapshot(root, name)
    if found is not None:
        return found
    embeddings = source.embeddings()
    check_health(embeddings, health).raise_if_unhealthy()
    features = derive(
        embeddings, *derivations, space=made.space, codebooks=codebooks, seed=made.seed, progress=progress
    )
    report = check_health(features, health)
    report.raise_if_unhealthy()
    return write_snapshot(features, root, parent=made.parent, alignment=made.alignment, health=report.figures)


def _row(snapshot: Snapshot) -> dict[str, Any]:
    health = snapshot.manifest.health
    shown = {f"{t} {name}": health[t][name] for t in sorted(health) for name in _SHOWN}
    return {"run_id": snapshot.manifest.run_id, "codebooks": len(snapshot.manifest.codebooks), **shown}
