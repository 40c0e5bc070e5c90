"""Files and folders that a reader sees whole or not at all, and names that are safe as paths."""

import fcntl
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedding_features.errors import ConfigError, DataError, SnapshotError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


def safe_name(name: str, what: str = "name") -> str:
    """Return ``name`` if it can be one path component and an identifier in a store.

    Raises:
        ConfigError: when it is empty, starts with a dot, or holds anything but letters, digits, ``_.-``.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{what} {name!r} is not allowed", fix="use letters, digits, '_', '-' and '.'")
    return name


def sha256_file(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` that replaces it in one step, synced, when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}.tmp"
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step: written beside it, synced, renamed."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def atomic_folder(target: Path, staging: Path | None = None) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``target`` when the block ends well.

    The folder lives in ``staging``, by default ``<target's parent>/../.staging``, so that a glob over
    snapshots never meets a half-written one, on the same file system so that the rename is one step. A killed
    process leaves only a staging folder, which :func:`sweep_staging` removes.

    Raises:
        SnapshotError: when ``target`` exists already.
    """
    if target.exists():
        raise SnapshotError(f"{target} exists already", fix="remove it, or write under another name")
    staging = staging or target.parent.parent / ".staging"
    staging.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = staging / f"{os.getpid()}-{target.name}-{uuid.uuid4().hex[:8]}"
    temporary.mkdir()
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            _sync(path)
        _sync(temporary)
        try:
            temporary.rename(target)
        except OSError as error:
            raise SnapshotError(f"cannot move a finished folder to {target}: {error}") from error
        _sync(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder, made if need be, while the block runs; a killed holder frees it.

    Raises:
        DataError: when another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"another job is running in {folder}", fix="wait for it, or use another workspace"
            ) from None
        yield


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stale_staging(root: Path) -> list[Path]:
    """Return the staging folders that killed processes left under ``root``."""
    pids = ((folder, folder.name.split("-", 1)[0]) for folder in sorted(root.glob(".staging/*")))
    return [folder for folder, pid in pids if pid.isdigit() and not _alive(int(pid))]


def sweep_staging(root: Path) -> int:
    """Remove the staging folders that killed processes left under ``root``, and return how many."""
    stale = stale_staging(root)
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)
