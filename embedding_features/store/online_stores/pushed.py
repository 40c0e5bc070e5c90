"""Rows that were pushed one by one: the keys that they are found by, and their bytes."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from embedding_features.errors import DataError
from embedding_features.store.online_stores.key_types import uuid_text
from embedding_features.store.online_stores.layout import Stamp

Key = int | str | bytes
#: what parsing bytes raises that are not what they should be
DAMAGED = (ValueError, TypeError, KeyError, IndexError, struct.error, DecodeError)
_SIZE, _STAMP = struct.Struct("<I"), struct.Struct("<qq")


@dataclass(frozen=True)
class Row:
    """Holds the values of one entity."""

    entity: EntityKey
    stamp: Stamp
    values: Mapping[str, Value]

    @property
    def key(self) -> Key:
        """Return what the row is found by: the id itself; of joint keys, their bytes."""
        return key_of(self.entity)

    def pick(self, names: Sequence[str]) -> dict[str, Value]:
        """Return the values of features, without those that the view has gained since."""
        return {name: self.values[name] for name in names if name in self.values}


def key_of(entity: EntityKey) -> Key:
    """Return what an entity is found by.

    A single integer, string or UUID is found by itself; any other key by bytes, its parts sorted by name.

    Raises:
        DataError: when a UUID is none.
    """
    if len(entity.entity_values) == 1:
        value = _same_uuid(entity.entity_values[0])
        kind = value.WhichOneof("val")
        if kind in ("int64_val", "int32_val", "string_val"):
            found: int | str = getattr(value, kind)
            return found
    parts = sorted(zip(entity.join_keys, entity.entity_values, strict=True), key=lambda part: part[0])
    pieces = ((name.encode(), _same_uuid(value).SerializeToString()) for name, value in parts)
    return pack([piece for pair in pieces for piece in pair])


def _same_uuid(value: Value) -> Value:
    """Return a UUID as the text that all ways of writing it have in common; any other value as it is."""
    kind = value.WhichOneof("val")
    if kind not in ("uuid_val", "time_uuid_val"):
        return value
    text = uuid_text(getattr(value, kind))
    if text is None:
        raise DataError(f"{getattr(value, kind)!r} is no UUID", fix="give the id as a UUID")
    return Value(string_val=text)


def row_to_bytes(row: Row) -> bytes:
    """Return an entity key, two times and named values, each with its length before it."""
    named = [
        piece for name, value in row.values.items() for piece in (name.encode(), value.SerializeToString())
    ]
    return pack([row.entity.SerializeToString(), _STAMP.pack(*row.stamp), *named])


def row_from_bytes(data: bytes) -> Row:
    """Return the row that :func:`row_to_bytes` was given."""
    entity, stamp, *named = unpack(data)
    values = {n.decode(): Value.FromString(v) for n, v in zip(named[::2], named[1::2], strict=True)}
    return Row(EntityKey.FromString(entity), _STAMP.unpack(stamp), values)


def pack(pieces: Iterable[bytes]) -> bytes:
    """Return pieces one after the other, each with its length (uint32, little-endian) before it."""
    return b"".join(_SIZE.pack(len(piece)) + piece for piece in pieces)


def unpack(data: bytes) -> Iterator[bytes]:
    """Return the pieces that :func:`pack` was given."""
    at = 0
    while at < len(data):
        size = _SIZE.unpack_from(data, at)[0]
        yield data[at + _SIZE.size : at + _SIZE.size + size]
        at += _SIZE.size + size
