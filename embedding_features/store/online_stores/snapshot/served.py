"""The files of a view version that a reader has open."""

from collections.abc import Sequence
from pathlib import Path

from embedding_features.store.online_stores.layout import NEVER
from embedding_features.store.online_stores.pushed import Key, Row
from embedding_features.store.online_stores.snapshot.delta import Delta
from embedding_features.store.online_stores.snapshot.generation import Generation
from embedding_features.store.online_stores.snapshot.handle import Handle
from embedding_features.store.online_stores.snapshot.pointer import Pointer, pointer_path


class Served:
    """Keeps a snapshot and the pushes over it open: they stay readable when their files are removed.

    Args:
        before: whose generation is taken over when it is the same.

    Attributes:
        inode: of the pointer file; it is another one after a switch, for this keeps the file open.
        pointer: names of what is open.
        generation: None before the first snapshot.
    """

    def __init__(self, folder: Path, before: "Served | None") -> None:
        self._handle = Handle(pointer_path(folder))
        self.inode = self._handle.inode
        self.pointer = Pointer.of(self._handle)
        self.delta = Delta(folder / self.pointer.delta)
        self.generation = _generation(folder, self.pointer.generation, before)

    def later(self, rows: Sequence[Row]) -> list[Row]:
        """Return of each key its last row, if it is no older than what is served."""
        keys = [row.key for row in rows]
        generation, known = self.generation, self.delta.find(keys)
        held = generation.holds(keys) if generation else [False] * len(keys)
        later: dict[Key, Row] = {}
        for i, (key, row) in enumerate(zip(keys, rows, strict=True)):
            newest = later.get(key, known.get(i))
            if newest is not None:
                stamp = newest.stamp
            else:
                stamp = generation.stamp if generation is not None and held[i] else (NEVER, NEVER)
            if row.stamp >= stamp:
                later[key] = row
        return list(later.values())


def _generation(folder: Path, name: str | None, before: Served | None) -> Generation | None:
    if before is not None and before.pointer.generation == name:
        return before.generation
    return Generation(folder / name) if name else None
