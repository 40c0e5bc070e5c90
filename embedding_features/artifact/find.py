"""Find finished snapshots under a folder."""

from pathlib import Path

from embedding_features.artifact.folder import MANIFEST
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.files import safe_name


def find_snapshot(root: Path, run_id: str) -> Snapshot | None:
    """Return the finished snapshot of a run under ``root``, verified; None when there is none yet."""
    folder = root / safe_name(run_id, "run id")
    return Snapshot.open(folder) if folder.exists() else None


def list_snapshots(root: Path) -> list[Snapshot]:
    """Return all snapshots right under ``root`` in the order of ``as_of``, not verified.

    Folders without a manifest and hidden ones, such as staging, are passed over.

    Raises:
        SnapshotError: when a manifest is broken.
    """
    folders = [path.parent for path in root.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
    found = [Snapshot.open(folder, verify=False) for folder in folders]
    return sorted(found, key=lambda s: (s.manifest.as_of, s.manifest.run_id))
