"""The folder of one view version: a pointer to the generation and the delta that are served, and its locks.

A pointer file, replaced in one step, names both, so a reader sees a snapshot and the pushes on top of it, all
old or all new. A reader keeps its files open and looks at the pointer before each read. Writing a generation
takes one lock for its whole time, so that a second materialization waits; switching and pushing take another,
for a moment; removing takes both. They are freed when their holder is killed.
"""

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from embedding_features.files import atomic_folder
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import refuse_older
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.snapshot import delta
from embedding_features.store.online_stores.snapshot.generation import Generation, write_generation
from embedding_features.store.online_stores.snapshot.handle import (
    disk_errors,
    locked,
    nothing_online,
    read_errors,
)
from embedding_features.store.online_stores.snapshot.pointer import (
    fresh_name,
    point,
    pointer_path,
    sweep,
    sweep_deltas,
)
from embedding_features.store.online_stores.snapshot.served import Served
from embedding_features.store.online_stores.stored_view import Changed

REMOVED = ".removed-"  # begins the name of a folder that is being removed


class ViewFolder:
    """Writes and opens the files of a view version; one object may be used by many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writes, self._materializations = folder / ".write.lock", folder / ".materialize.lock"
        self._pointer = str(pointer_path(folder))
        self._served: Served | None = None

    def create(self) -> None:
        """Make the folder ready for pushes; what is there stays."""
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self._writes):
                if not self.exists():
                    point(self.folder, None, [])

    def exists(self) -> bool:
        """Return whether the folder was created."""
        return os.path.isfile(self._pointer)  # noqa: PTH113 - a read takes microseconds

    def served(self) -> Served:
        """Return what is online now, opened; files are opened anew only when they changed.

        Raises:
            StoreError: when the folder is not there, may not be read, or is damaged.
        """
        for _ in range(100):
            try:
                with read_errors(self.folder):
                    return self._refreshed()
            except FileNotFoundError:  # a switch removed the files between the pointer and them
                if not self.exists():
                    break
        raise nothing_online(self.folder)

    def _refreshed(self) -> Served:
        now = self._served
        if now is None or os.stat(self._pointer).st_ino != now.inode:  # noqa: PTH116
            now = self._served = Served(self.folder, now)
        now.delta.refresh()
        return now

    def push(self, rows: Sequence[Row]) -> None:
        """Add rows in one step, on disk when this returns; rows older than what is served are passed over.

        Raises:
            StoreError: when the folder is not there, or cannot be written; nothing is added then.
        """
        with disk_errors(self.folder), locked(self._writes):
            now = self.served()
            self._add(now, now.later(rows))

    def change(self, keys: Sequence[Key], changed: Changed) -> None:
        """Replace pushed rows by what becomes of them, all in one step, on disk when this returns.

        Raises:
            StoreError: when the folder is not there, or cannot be written; nothing is changed then.
        """
        with disk_errors(self.folder), locked(self._writes):
            now = self.served()
            known = now.delta.find(keys)
            rows = (changed(place, known.get(place)) for place in range(len(keys)))
            self._add(now, [row for row in rows if row is not None])

    def _add(self, now: Served, rows: Sequence[Row]) -> None:
        """Write rows over those of their keys, in one step. Hold the lock of writes around it."""
        if rows and now.delta.wasteful:
            known = {row.key: row for row in [*now.delta.rows(), *rows]}
            try:
                point(self.folder, now.pointer.generation, list(known.values()))
            finally:
                sweep_deltas(self.folder)
        elif rows:
            delta.append(self.folder / now.pointer.delta, rows, now.delta.end)

    def replace(self, incoming: Incoming) -> int:
        """Make a snapshot the one that is served, in one step; what it lacks is gone.

        Pushed rows later than the snapshot stay.

        Returns:
            The number of its entities.

        Raises:
            StoreError: when it is older than the one that is served, breaks a rule, or cannot be written;
                nothing changes then.
        """
        self.create()
        with disk_errors(self.folder), locked(self._materializations):
            shutil.rmtree(self.folder / ".staging", ignore_errors=True)
            name = fresh_name("generation")
            try:
                self._write(name, incoming)
            finally:
                with locked(self._writes):
                    sweep(self.folder)
            return Generation(self.folder / name).entities

    def _write(self, name: str, incoming: Incoming) -> None:
        with atomic_folder(self.folder / name, self.folder / ".staging") as staging:
            stamp = write_generation(staging, incoming)
            online = self.served().generation
            refuse_older(incoming.layout.where, online.stamp if online else None, stamp)
        with locked(self._writes):
            now = self.served()
            same = now.generation is not None and now.generation.stamp == stamp
            point(self.folder, name, [row for row in now.delta.rows() if same or row.stamp > stamp])

    def remove(self) -> None:
        """Remove it in one step, when nobody writes; who reads it still sees it until the next read."""
        with disk_errors(self.folder), locked(self._materializations), locked(self._writes):
            gone = self.folder.with_name(f"{REMOVED}{uuid.uuid4().hex}")
            self.folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
