"""Files of a repository: snapshots that are not whole, and what killed jobs left."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from embedding_features.artifact import Snapshot
from embedding_features.artifact.folder import read_manifest
from embedding_features.errors import EmbeddingFeaturesError, SnapshotError
from embedding_features.files import stale_staging, sweep_staging
from embedding_features.progress import Progress
from embedding_features.store.doctor.findings import Deployed, Finding
from embedding_features.store.locks import is_locked, locked
from embedding_features.store.published import Published, as_published, snapshots_root
from embedding_features.store.session import registry_file, stale_registries


def readable_runs(repo: Path) -> dict[str, Published]:
    """Return run id → what is published, of every folder whose manifest can be read.

    Its files may be damaged.
    """
    runs = {}
    for folder in _folders(repo):
        try:
            runs[folder.name] = as_published(Snapshot(folder, read_manifest(folder)))
        except EmbeddingFeaturesError:
            continue
    return runs


def damaged_snapshots(deployed: Deployed) -> Iterator[Finding]:
    """Find snapshots of which a file or the manifest is missing or altered.

    What needs them is named; nothing is invented.
    """
    for folder in _folders(deployed.repo):
        try:
            as_published(Snapshot.open(folder))
        except SnapshotError as error:
            yield Finding(
                "snapshot-damaged",
                "problem",
                f"{error.what}; {deployed.needing(folder.name)}",
                str(folder),
                "put the files back from a backup, or remove the folder and publish the run again",
            )


def missing_snapshots(deployed: Deployed) -> Iterator[Finding]:
    """Find runs that the registry names and of which there is no folder."""
    there = {folder.name for folder in _folders(deployed.repo)}
    for run_id, refs in deployed.lost_runs().items():
        if run_id not in there:
            yield Finding(
                "snapshot-missing",
                "problem",
                f"run {run_id} is not there, but needed by {', '.join(refs)}",
                str(snapshots_root(deployed.repo)),
                "put the folder back from a backup, or publish the run again from the snapshot it came from",
            )


def left_staging(deployed: Deployed) -> Iterator[Finding]:
    """Find folders that jobs were killed while writing."""
    roots = {path.parent for path in (deployed.repo / "data").rglob(".staging")}
    online = deployed.settings.get("online_store")
    if isinstance(online, dict) and "path" in online:
        roots |= {path.parent for path in (deployed.repo / str(online["path"])).rglob(".staging")}
    for root in sorted(roots):
        left = stale_staging(root)
        if left:
            yield Finding(
                "leftover-staging",
                "problem",
                f"{len(left)} half-written folders of killed jobs",
                str(root / ".staging"),
                "remove them",
                partial(_sweep, root),
            )


def _sweep(root: Path, _: Progress) -> None:
    sweep_staging(root)


def left_registries(deployed: Deployed) -> Iterator[Finding]:
    """Find copies of the registry that jobs were killed with."""
    registry = registry_file(deployed.repo)
    left = [] if registry is None or is_locked(deployed.repo) else stale_registries(registry)
    if registry is not None and left:

        def remove(_: Progress) -> None:
            with locked(deployed.repo):
                for path in stale_registries(registry):
                    path.unlink()

        what = f"{len(left)} copies of the registry, left by killed jobs"
        yield Finding("leftover-registry", "problem", what, str(registry.parent), "remove them", remove)


FILES = (damaged_snapshots, missing_snapshots, left_staging, left_registries)


def _folders(repo: Path) -> list[Path]:
    """Return every folder where a published snapshot should be."""
    found = sorted(path for path in snapshots_root(repo).glob("[!.]*/[!.]*") if path.is_dir())
    return [path for path in found if any(path.iterdir())]
