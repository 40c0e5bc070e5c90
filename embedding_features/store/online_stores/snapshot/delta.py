"""The delta: rows pushed since the last snapshot, as an append-only file of checksummed batches.

A batch is its length and CRC-32 (both uint32, little-endian) and its rows (:mod:`..pushed`). A batch is
there whole or not at all: a tail that a killed process left is shorter than it says, nobody reads it, and
the next writer cuts it off.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import Row, pack, row_from_bytes, row_to_bytes, unpack

_HEAD = struct.Struct("<II")


def append(path: Path, rows: Iterable[Row], end: int) -> None:
    """Add a batch after byte ``end``, on disk when this returns; what lies behind is a torn tail.

    Hold the view's lock around it.
    """
    payload = pack([row_to_bytes(row) for row in rows])
    with path.open("r+b") as file:
        file.truncate(end)
        file.seek(end)
        file.write(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, start: int = 0) -> tuple[list[Row], int]:
    """The rows from a byte on, and the byte to go on from.

    Raises:
        StoreError: when the file is damaged.
    """
    with path.open("rb") as file:
        file.seek(start)
        data = file.read()
    rows: list[Row] = []
    for payload, size in _batches(path, data):
        rows += [row_from_bytes(data) for data in unpack(payload)]
        start += size
    return rows, start


def _batches(path: Path, data: bytes) -> Iterator[tuple[bytes, int]]:
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
