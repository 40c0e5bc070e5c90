"""The folder of a snapshot: how it is written, and how its manifest is read."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa

from embedding_features.artifact.manifest import Manifest
from embedding_features.artifact.tables import stamped, table_file, write_table
from embedding_features.errors import SnapshotError
from embedding_features.files import atomic_folder
from embedding_features.records import check_inside, file_digests, read_record

MANIFEST = "manifest.json"
CODEBOOKS = "codebooks"
ENCODER = "encoder"
FOLD_IN = "fold_in"
AGAIN = "remove the folder and run the job that wrote it again"


def write_folder(
    target: Path,
    manifest: Manifest,
    tables: Mapping[str, pa.Table],
    write_rest: Callable[[Path], None],
    staging: Path | None = None,
) -> Manifest:
    """Write a snapshot folder: tables and the rest, their SHA-256, and the manifest last.

    Args:
        target: the folder, which must not be there.
        manifest: what to say of it, without the files.
        tables: file name → table; its two timestamps are set from the manifest.
        write_rest: writes whatever else belongs into the folder it is given.
        staging: where the folder is made before it is renamed; see :func:`.atomic_folder`.

    Returns:
        The manifest as it was written, with the files.
    """
    with atomic_folder(target, staging) as folder:
        for name, table in tables.items():
            write_table(stamped(table, manifest.as_of, manifest.published), folder / name)
        write_rest(folder)
        manifest = manifest.model_copy(update={"files": file_digests(folder)})
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a snapshot folder.

    Raises:
        SnapshotError: when it is missing, unreadable, of an unknown format, or not valid.
    """
    path = folder / MANIFEST
    manifest = read_record(path, Manifest, "snapshot", error=SnapshotError, again=AGAIN)
    check_inside(folder, manifest.files, error=SnapshotError, again=AGAIN)
    lost = [t for t in manifest.nodes if table_file(t, "vector") not in manifest.files]
    if lost:
        raise SnapshotError(f"{path} lists no vectors of {lost[0]!r}", fix=AGAIN)
    return manifest
