"""The folder of one view version: a pointer to the generation and the delta that are served, and its locks.

A pointer file, replaced in one step, names both, so a reader sees a snapshot and the pushes on top of it, all
old or all new. A reader keeps its files open and looks at the pointer before each read. Writing a generation
takes one lock for its whole time, so that a second materialization waits; switching and pushing take another,
for a moment. Both are freed when their holder is killed.
"""

import fcntl
import json
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.files import atomic_folder, sweep_staging, write_atomic
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import NEVER, Stamp, refuse_older
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.snapshot import delta
from embedding_features.store.online_stores.snapshot.generation import Generation, write_generation

_POINTER = "current.json"


@dataclass(frozen=True)
class Pointer:
    """Names of the generation (None before the first) and of the delta that are served."""

    generation: str | None
    delta: str


@dataclass(frozen=True)
class Served:
    """What a reader has open."""

    stat: tuple[int, ...]
    pointer: Pointer
    generation: Generation | None
    rows: dict[Key, Row]
    end: int


class ViewFolder:
    """A view version's folder; one object may be read by many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._served: Served | None = None

    def create(self) -> None:
        """Make the folder ready for pushes; what is there stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock("write"):
            if not self.exists():
                self._point(Pointer(None, _name("delta")), [])

    def exists(self) -> bool:
        """Whether it was created."""
        return (self.folder / _POINTER).is_file()

    def served(self) -> Served:
        """What is online now, opened; files are opened anew only when they changed.

        Raises:
            StoreError: when the folder is not there.
        """
        for _ in range(100):
            try:
                return self._refreshed()
            except FileNotFoundError:  # a switch removed the files between the pointer and them
                if not self.exists():
                    break
        raise StoreError(f"nothing is online in {self.folder}", fix="run feast apply, then materialize")

    def _refreshed(self) -> Served:
        old = self._served
        stat = (self.folder / _POINTER).stat()
        mark = (stat.st_ino, stat.st_mtime_ns)
        if old is None or old.stat != mark:
            pointer = Pointer(**json.loads((self.folder / _POINTER).read_text()))
            generation = Generation(self.folder / pointer.generation) if pointer.generation else None
            old = Served(mark, pointer, generation, {}, 0)
        path = self.folder / old.pointer.delta
        if self._served is not old or path.stat().st_size != old.end:
            rows, end = delta.read(path, old.end)
            old = Served(old.stat, old.pointer, old.generation, {**old.rows, **{r.key: r for r in rows}}, end)
            self._served = old
        return old

    def push(self, rows: Sequence[Row]) -> None:
        """Add rows in one step, on disk when this returns; rows older than what is served are passed over."""
        self.create()
        with self._lock("write"):
            now = self.served()
            newest = dict(now.rows)
            for row in rows:
                if row.stamp >= _stamp_of(now, newest, row.key):
                    newest[row.key] = row
            changed = [row for key, row in newest.items() if now.rows.get(key) is not row]
            if changed:
                delta.append(self.folder / now.pointer.delta, changed, now.end)

    def replace(self, incoming: Incoming) -> int:
        """Make a snapshot the one that is served, in one step; what it lacks is gone.

        Pushed rows later than the snapshot stay.

        Returns:
            The number of its entities.

        Raises:
            StoreError: when it is older than the one that is served, or breaks a rule; nothing changes then.
        """
        self.create()
        with self._lock("materialize"):
            sweep_staging(self.folder)
            name = _name("generation")
            with atomic_folder(self.folder / name, self.folder / ".staging") as staging:
                stamp = write_generation(staging, incoming)
                online = self.served().generation
                refuse_older(incoming.layout.where, online.stamp if online else None, stamp)
            with self._lock("write"):
                now = self.served()
                same = now.generation is not None and now.generation.stamp == stamp
                self._point(
                    Pointer(name, _name("delta")), [r for r in now.rows.values() if same or r.stamp > stamp]
                )
                self._sweep()
            return Generation(self.folder / name).entities

    def _point(self, pointer: Pointer, rows: Sequence[Row]) -> None:
        (self.folder / pointer.delta).touch()
        if rows:
            delta.append(self.folder / pointer.delta, rows, 0)
        write_atomic(self.folder / _POINTER, json.dumps(vars(pointer)).encode())

    def _sweep(self) -> None:
        """Remove what the pointer no longer names; who has it open goes on reading."""
        pointer = Pointer(**json.loads((self.folder / _POINTER).read_text()))
        for path in self.folder.glob("generation-*"):
            if path.name != pointer.generation:
                shutil.rmtree(path, ignore_errors=True)
        for path in self.folder.glob("delta-*"):
            if path.name != pointer.delta:
                path.unlink(missing_ok=True)

    @contextmanager
    def _lock(self, what: str) -> Iterator[None]:
        with (self.folder / f".{what}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex}"


def _stamp_of(now: Served, rows: dict[Key, Row], key: Key) -> Stamp:
    """The times of what is served for a key."""
    if key in rows:
        return rows[key].stamp
    if now.generation is not None and now.generation.has(key):
        return now.generation.stamp
    return NEVER, NEVER
