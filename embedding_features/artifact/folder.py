"""What lies in a snapshot folder: how it is written, and how its manifest is read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pyarrow as pa

from embedding_features.artifact.manifest import Manifest
from embedding_features.artifact.tables import stamped, table_file, write_table
from embedding_features.config import parse_config
from embedding_features.errors import ConfigError, SnapshotError
from embedding_features.files import atomic_folder, sha256_file

MANIFEST = "manifest.json"
CODEBOOKS = "codebooks"
ENCODER = "encoder"
AGAIN = "remove the folder and run the job that wrote it again"


def write_folder(
    target: Path,
    manifest: Manifest,
    tables: Mapping[str, pa.Table],
    write_rest: Callable[[Path], None],
    staging: Path | None = None,
) -> Manifest:
    """The one writer of snapshot folders: tables and the rest, their SHA-256, the manifest last.

    Args:
        tables: file name → table; its two timestamps are set from the manifest.
        write_rest: writes whatever else belongs into the folder it is given.

    Returns:
        The manifest as it was written, with the files.
    """
    with atomic_folder(target, staging) as folder:
        for name, table in tables.items():
            write_table(stamped(table, manifest.as_of, manifest.published), folder / name)
        write_rest(folder)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): sha256_file(path) for path in paths}
        manifest = manifest.model_copy(update={"files": files})
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot folder.

    Raises:
        SnapshotError: when it is missing, unreadable, of an unknown format, or not valid.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SnapshotError(f"no snapshot at {folder}: {MANIFEST} is missing", fix="check the path") from None
    except (ValueError, OSError) as error:
        raise SnapshotError(f"{path} cannot be read: {error}", fix=AGAIN) from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != 1:
        raise SnapshotError(
            f"{path} is of format {version!r}, this library reads format 1",
            fix="use the version of embedding-features that wrote it",
        )
    try:
        manifest = parse_config(data, Manifest, str(path))
    except ConfigError as error:
        raise SnapshotError(error.what, fix=AGAIN) from None
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or parts[0] == "/":
            raise SnapshotError(f"{path} names the file {name!r} outside its folder", fix=AGAIN)
    lost = [t for t in manifest.nodes if table_file(t, "vector") not in manifest.files]
    if lost:
        raise SnapshotError(f"{path} lists no vectors of {lost[0]!r}", fix=AGAIN)
    return manifest
