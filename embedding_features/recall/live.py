"""An index that follows its snapshots: readers find a newly published one at their next call."""

import json
import shutil
import threading
import uuid
from pathlib import Path

from embedding_features.artifact import Space, check_space
from embedding_features.errors import CompatibilityError, ConfigError, SnapshotError
from embedding_features.files import safe_name, sweep_staging, write_atomic
from embedding_features.recall.index import RecallIndex
from embedding_features.recall.interface import check_positive
from embedding_features.recall.saved import MANIFEST, read_manifest

_POINTER = "current.json"
_FIX = "publish an index there"


class LiveIndex:
    """Manages a folder of indexes, with a pointer to the one in use that is replaced in one step.

    Readers in any process call :meth:`current` for every request; the index they get stays whole and usable
    through later swaps, even after its folder is removed.

    Args:
        folder: where the indexes of one node type lie, made by the first :meth:`publish`.
        space: the space of the queries; an index of another one is refused. None for any.
    """

    def __init__(self, folder: str | Path, *, space: Space | None = None) -> None:
        self.folder = Path(folder)
        self.space = space
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int], str, RecallIndex] | None = None

    def current(self) -> RecallIndex:
        """Return the index in use.

        It is loaded when the pointer has changed since the last call; else this costs one ``stat``.

        Raises:
            CompatibilityError: when it is of another space.
            SnapshotError: when nothing was published, or what was is damaged.
        """
        stamp = self._stamp()
        seen = self._seen
        if seen is not None and seen[0] == stamp:
            return seen[2]
        with self._lock:
            return self._follow()

    def publish(self, index: RecallIndex, *, keep: int = 2) -> Path:
        """Save ``index``, point to it, and return its folder. There must be one writer at a time.

        Args:
            index: the index to use from now on.
            keep: how many folders stay: this one and the newest before it, to :meth:`point` back to.

        Raises:
            CompatibilityError: when the folder serves another node type, or ``index`` is not of the space
                this was opened for.
            DataError: when ``keep`` < 1.
        """
        check_positive("keep", keep)
        self._check(index)
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep_staging(self.folder)
        target = self.folder / f"{safe_name(index.manifest.run_id, 'run id')}-{uuid.uuid4().hex[:8]}"
        index.save(target)
        self.point(target.name)
        manifests = [path for path in self.folder.glob(f"*/{MANIFEST}") if path.parent != target]
        for path in sorted(manifests, key=lambda p: p.stat().st_mtime_ns, reverse=True)[keep - 1 :]:
            shutil.rmtree(path.parent, ignore_errors=True)
        return target

    def point(self, name: str) -> None:
        """Make the published index of folder ``name`` the one in use: a roll back, or forward again.

        Raises:
            SnapshotError: when there is no whole index of that name; the pointer stays.
        """
        RecallIndex.load(self.folder / safe_name(name, "index folder"))
        write_atomic(self.folder / _POINTER, json.dumps({"format": 1, "folder": name}).encode() + b"\n")

    def _check(self, index: RecallIndex) -> None:
        """Check that the folder may serve ``index``; see :meth:`publish`."""
        if self.space is not None:
            check_space(self.space, index.manifest.space)
        if not (self.folder / _POINTER).exists():
            return
        served = read_manifest(self.folder / self._name()).node_type
        if served != index.manifest.node_type:
            raise CompatibilityError(
                f"{self.folder} serves {served} vectors, not {index.manifest.node_type}",
                fix="use a folder for each node type",
            )

    def _follow(self) -> RecallIndex:
        """Return the index that the pointer names, loaded where it is another one than the last."""
        while True:
            stamp, name = self._stamp(), self._name()
            if self._seen is not None and self._seen[1] == name:
                index = self._seen[2]
            else:
                try:
                    index = RecallIndex.load(self.folder / name, space=self.space)
                except SnapshotError:
                    if self._stamp() == stamp:
                        raise
                    continue  # replaced and removed meanwhile: the pointer says by what
            self._seen = (stamp, name, index)
            return index

    def _stamp(self) -> tuple[int, int]:
        """Return inode and time of the pointer, which change whenever it is replaced."""
        try:
            found = (self.folder / _POINTER).stat()
        except FileNotFoundError:
            raise SnapshotError(f"no recall index was published in {self.folder}", fix=_FIX) from None
        return found.st_ino, found.st_mtime_ns

    def _name(self) -> str:
        """Return the folder that the pointer names."""
        path = self.folder / _POINTER
        try:
            data = json.loads(path.read_bytes())
            if data["format"] != 1:
                raise SnapshotError(f"{path} is of format {data['format']!r}, this library reads format 1")
            return safe_name(data["folder"], "index folder")
        except (ValueError, KeyError, TypeError, OSError, ConfigError) as error:
            raise SnapshotError(f"{path} cannot be read: {error}", fix=_FIX) from None
