"""The delta: rows pushed since the last snapshot, as an append-only file of checksummed batches.

A batch is its length and CRC-32 (both uint32, little-endian) and its rows (:mod:`..pushed`). A batch is
there whole or not at all: a tail that a killed process left is shorter than it says, nobody reads it, and
the next writer cuts it off.
"""

import os
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import Key, Row, pack, row_from_bytes, row_to_bytes, unpack
from embedding_features.store.online_stores.snapshot.handle import Handle

_HEAD = struct.Struct("<II")
_FEW = 1024  # rows that are not worth being compacted
_SMALL = 1 << 24  # bytes that are not worth it, either


def append(path: Path, rows: Iterable[Row], end: int) -> None:
    """Add a batch after byte ``end``, on disk when this returns; what lies behind is a torn tail.

    Hold the lock of writes around it.
    """
    payload = pack([row_to_bytes(row) for row in rows])
    with path.open("r+b", buffering=0) as file:
        file.truncate(end)
        file.seek(end)
        try:
            _write(file.fileno(), _HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(end)
            raise


def _write(number: int, data: bytes) -> None:
    left = memoryview(data)
    while left:  # a write may stop short of a full disk, and says so only at the next
        left = left[os.write(number, left) :]


class Delta:
    """Reads the rows of a delta that grows; many threads may read one object, and see a batch whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._file, self._lock = path, Handle(path), threading.Lock()
        self._rows: dict[Key, Row] = {}
        self._sizes: dict[Key, int] = {}
        self._read = self._held = 0
        self.end = 0

    def __len__(self) -> int:
        return len(self._rows)

    def refresh(self) -> None:
        """Read what was added.

        Raises:
            StoreError: when the file is damaged.
        """
        if self._file.size() == self.end:
            return
        with self._lock:
            for payload, size in _batches(self._path, self._file.read(self.end)):
                for data in unpack(payload):
                    self._add(row_from_bytes(data), len(data))
                self.end += size

    def _add(self, row: Row, size: int) -> None:
        key = row.key
        self._held += size - self._sizes.get(key, 0)
        self._rows[key], self._sizes[key] = row, size
        self._read += 1

    def find(self, keys: Sequence[Key]) -> dict[int, Row]:
        """Return place among the keys → row, of those that were pushed."""
        with self._lock:
            return {i: self._rows[key] for i, key in enumerate(keys) if key in self._rows}

    def rows(self) -> list[Row]:
        """Return the last row of each key."""
        with self._lock:
            return list(self._rows.values())

    @property
    def wasteful(self) -> bool:
        """Return whether most of the file, by rows or by bytes, is rows that later ones supersede."""
        return self._read > 2 * len(self._rows) + _FEW or self.end > 2 * self._held + _SMALL


def _batches(path: Path, data: bytes) -> Iterator[tuple[bytes, int]]:
    """Return each whole batch after the first bytes, and its size in the file."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, check = _HEAD.unpack_from(data, at)
        payload = data[at + _HEAD.size : at + _HEAD.size + length]
        if length == 0 or len(payload) < length:
            return
        if zlib.crc32(payload) != check:
            raise StoreError(f"{path} is damaged", fix="remove it, materialize, and push again")
        at += _HEAD.size + length
        yield payload, _HEAD.size + length
