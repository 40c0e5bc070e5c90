"""The delta: rows pushed since the last snapshot, as an append-only file of checksummed batches.

A batch is its length and CRC-32 (both uint32, little-endian) and its rows; a row is an entity key, two
times and named values, each with its length before it. A batch is there whole or not at all: a tail that
a killed process left is shorter than it says, nobody reads it, and the next writer cuts it off.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.layout import Stamp

Key = int | str | bytes
_HEAD, _SIZE, _STAMP = struct.Struct("<II"), struct.Struct("<I"), struct.Struct("<qq")


@dataclass(frozen=True)
class Row:
    """One entity's values."""

    entity: EntityKey
    stamp: Stamp
    values: Mapping[str, Value]

    @property
    def key(self) -> Key:
        """What it is found by: the id itself; of joint keys, their bytes."""
        return key_of(self.entity)


def key_of(entity: EntityKey) -> Key:
    """A single int64 or string id as it is; any other key as bytes, its parts sorted by name."""
    if len(entity.entity_values) == 1:
        kind = entity.entity_values[0].WhichOneof("val")
        if kind in ("int64_val", "int32_val", "string_val"):
            value: int | str = getattr(entity.entity_values[0], kind)
            return value
    parts = sorted(zip(entity.join_keys, entity.entity_values, strict=True), key=lambda part: part[0])
    return _pack([piece for name, value in parts for piece in (name.encode(), value.SerializeToString())])


def append(path: Path, rows: Iterable[Row], end: int) -> None:
    """Add a batch after byte ``end``, on disk when this returns; what lies behind is a torn tail.

    Hold the view's lock around it.
    """
    payload = _pack([_row_bytes(row) for row in rows])
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
        rows += [_row(data) for data in _unpack(payload)]
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


def _row_bytes(row: Row) -> bytes:
    named = [
        piece for name, value in row.values.items() for piece in (name.encode(), value.SerializeToString())
    ]
    return _pack([row.entity.SerializeToString(), _STAMP.pack(*row.stamp), *named])


def _row(data: bytes) -> Row:
    entity, stamp, *named = _unpack(data)
    values = {n.decode(): Value.FromString(v) for n, v in zip(named[::2], named[1::2], strict=True)}
    return Row(EntityKey.FromString(entity), _STAMP.unpack(stamp), values)


def _pack(pieces: Iterable[bytes]) -> bytes:
    return b"".join(_SIZE.pack(len(piece)) + piece for piece in pieces)


def _unpack(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = _SIZE.unpack_from(data, at)[0]
        yield data[at + _SIZE.size : at + _SIZE.size + size]
        at += _SIZE.size + size
