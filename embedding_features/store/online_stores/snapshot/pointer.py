"""The pointer of a view version: one small file, replaced in one step, names what is served."""

import json
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from embedding_features.files import write_atomic
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.snapshot import delta
from embedding_features.store.online_stores.snapshot.handle import Handle

_FILE = "current.json"


@dataclass(frozen=True)
class Pointer:
    """Names the generation (None before the first) and the delta that are served."""

    generation: str | None
    delta: str

    @classmethod
    def of(cls, handle: Handle) -> Self:
        """Return what a pointer file says."""
        return cls(**json.loads(handle.read()))


def pointer_path(folder: Path) -> Path:
    """Return where the pointer of a view version is."""
    return folder / _FILE


def fresh_name(what: str) -> str:
    """Return a name that no other ``generation`` or ``delta`` has or had."""
    return f"{what}-{uuid.uuid4().hex}"


def point(folder: Path, generation: str | None, rows: Sequence[Row]) -> None:
    """Serve a generation with pushed rows over it, from one step on. Hold the lock of writes around it."""
    pointer = Pointer(generation, fresh_name("delta"))
    (folder / pointer.delta).touch()
    if rows:
        delta.append(folder / pointer.delta, rows, 0)
    write_atomic(pointer_path(folder), json.dumps(vars(pointer)).encode())


def sweep(folder: Path) -> None:
    """Remove what the pointer does not name; who has it open goes on reading. Hold both locks around it."""
    sweep_deltas(folder)
    kept = Pointer.of(Handle(pointer_path(folder)))
    for path in folder.glob("generation-*"):
        if path.name != kept.generation:
            shutil.rmtree(path, ignore_errors=True)


def sweep_deltas(folder: Path) -> None:
    """Remove what :func:`sweep` does, but no generations. Hold the lock of writes around it."""
    kept = Pointer.of(Handle(pointer_path(folder)))
    for path in [*folder.glob("delta-*"), *folder.glob(f".{_FILE}.*.tmp")]:
        if path.name != kept.delta:
            path.unlink(missing_ok=True)
