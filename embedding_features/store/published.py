"""The published snapshots of a repository: their manifests carry a publish time and a version."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from embedding_features.artifact import Kind, Manifest, Snapshot
from embedding_features.errors import SnapshotError, StoreError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Published:
    """Is one published snapshot.

    Attributes:
        snapshot: the folder ``<repo>/data/snapshots/<space id>/<run_id>``.
        version: N of the pins ``view@vN``: 1 for the first run of a family, one more for each later one.
        created: ``created_timestamp`` of every row.
    """

    snapshot: Snapshot
    version: int
    created: datetime

    @property
    def manifest(self) -> Manifest:
        """Return the manifest."""
        return self.snapshot.manifest

    @property
    def folder(self) -> Path:
        """Return the folder."""
        return self.snapshot.folder

    @property
    def as_of(self) -> datetime:
        """Return the ``event_timestamp`` of every row."""
        return self.manifest.as_of

    @property
    def family(self) -> str:
        """Return the line of snapshots it belongs to; versions count within it."""
        return self.manifest.space.family

    def view_name(self, node_type: str, kind: Kind) -> str:
        """Return the name of the feature view of a table: ``<family>_<type>_<kind>``."""
        return f"{self.family}_{node_type}_{kind}"


def snapshots_root(repo: Path) -> Path:
    """Return where the published snapshots of a repository lie.

    Raises:
        StoreError: when ``repo`` is no Feast repository, or its path cannot be part of a glob.
    """
    repo = repo.resolve()
    if not (repo / "feature_store.yaml").is_file():
        raise StoreError(f"{repo} has no feature_store.yaml", fix="name the folder of a Feast repository")
    if any(c in str(repo) for c in "*?["):
        raise StoreError(f"the path {repo} holds one of * ? [", fix="move the repository: sources are globs")
    return repo / "data" / "snapshots"


def as_published(snapshot: Snapshot) -> Published:
    """Return a snapshot of a repository as a published one.

    Raises:
        SnapshotError: when publishing never stamped it.
    """
    manifest = snapshot.manifest
    if manifest.published is None or manifest.feature_view_version is None:
        raise SnapshotError(
            f"{snapshot.folder} was put there without publishing", fix="remove it, and publish the snapshot"
        )
    return Published(snapshot, manifest.feature_view_version, manifest.published)


def list_published(repo: Path | str) -> list[Published]:
    """Return all published snapshots, by family, then version; their files are not verified.

    Raises:
        SnapshotError: when a folder has a broken manifest, lacks a file, or was not published.
    """
    # a hidden folder is where snapshots are made: one may be there whole, but not yet in its place
    folders = [path.parent for path in snapshots_root(Path(repo)).glob(f"[!.]*/*/{MANIFEST}")]
    found = [as_published(Snapshot.open(folder, verify=False)) for folder in folders]
    return sorted(found, key=lambda run: (run.family, run.version))
