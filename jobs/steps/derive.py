"""``derive``: makes clusters, tokens and neighbours of every snapshot, and checks its health."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedding_features.artifact import Snapshot, find_snapshot, run_id, write_snapshot
from embedding_features.artifact.manifest import FreshRecord
from embedding_features.config import config_hash
from embedding_features.derive import Codebook, DeriveSpec, Features, derive, derive_recipe, load_codebooks
from embedding_features.graph import Graph
from embedding_features.progress import Progress
from embedding_features.space import HealthConfig, check_health, fresh_records
from jobs.workspace import Workspace

#: health figures that a person reads first
_SHOWN = ("coverage", "fresh_coverage", "effective_rank", "duplicate_vectors")


@dataclass(frozen=True)
class Measures:
    """Holds what the health and the fresh vectors of a snapshot are measured by.

    Attributes:
        health: the rules of the gate.
        graph: that it was made from; None where there is none, and what rests on edges is not measured.
        parent: the snapshot before; None for the first.
    """

    health: HealthConfig
    graph: Graph | None
    parent: Snapshot | None

    def fresh(self, features: Features) -> dict[str, FreshRecord]:
        """Return how near fresh vectors are to stored ones, by node type."""
        return {} if self.graph is None else fresh_records(features, self.graph, self.parent)


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
            parent: Snapshot | None = None
            for folder in series:
                source = Snapshot.open(Path(folder))
                measures = Measures(health, _graph(workspace, source), parent)
                snapshot = _derived(source, codebooks, spec, measures, root, progress)
                parent = source
                codebooks = load_codebooks(snapshot)
                rows.append(_row(snapshot))
                folders.append(str(snapshot.folder))
                advance(1, snapshot.manifest.run_id)
    workspace.write_json("features", folders)
    return {"features": rows}


def _graph(workspace: Workspace, source: Snapshot) -> Graph | None:
    """Return the graph that a snapshot was made from; None where the workspace has it no more."""
    fingerprint = source.manifest.graph_fingerprint[:10]
    folder = next(workspace.graphs.glob(f"[!.]*-{fingerprint}"), None)
    return None if folder is None else Graph.load(folder)


def _derived(
    source: Snapshot,
    earlier: Sequence[Codebook],
    spec: DeriveSpec,
    measures: Measures,
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
    check_health(embeddings, measures.health).raise_if_unhealthy()
    features = derive(
        embeddings, *derivations, space=made.space, codebooks=codebooks, seed=made.seed, progress=progress
    )
    report = check_health(features, measures.health, measures.graph)
    report.raise_if_unhealthy()
    return write_snapshot(
        features,
        root,
        parent=made.parent,
        alignment=made.alignment,
        health=report.figures,
        fresh=measures.fresh(features),
    )


def _row(snapshot: Snapshot) -> dict[str, Any]:
    health = snapshot.manifest.health
    shown = {f"{t} {name}": health[t][name] for t in sorted(health) for name in _SHOWN if name in health[t]}
    return {"run_id": snapshot.manifest.run_id, "codebooks": len(snapshot.manifest.codebooks), **shown}
