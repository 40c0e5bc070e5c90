"""The bytes that Redis holds of a view version: one hash of a header and a row for each entity.

::

    field              value
    ─────────────────  ────────────────────────────────────────────────────────────────────────────
    h                  header
    i  id (int64)      row of an entity whose one key is an integer
    s  id (UTF-8)      row of an entity whose one key is a string
    j  parts, packed   row of any other entity (pushed.key_of)

    header             event (int64)  created (int64)  JSON {run, entities, text, columns, widths}
    snapshot's row     numbers and lists of numbers of one length, at the same place in every row
                       then of each other column: its size in bytes (uint32), and these bytes;
                       in a list of strings each string has its size before it, too
                       0 (one byte)
    pushed row         the row, packed (pushed.row_to_bytes)  event (int64)  created (int64)
                       1 (one byte)

Event and created are microseconds since 1970. All numbers are little-endian. The Lua of :mod:`.scripts` reads
the times and the last byte of a row. :mod:`.encode` and :mod:`.decode` are for a snapshot's rows.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from embedding_features.store.online_stores.layout import NEVER, Stamp
from embedding_features.store.online_stores.pushed import Key, Row, row_from_bytes, row_to_bytes
from embedding_features.store.online_stores.redis.encode import PackedColumn

HEADER = b"h"
_STAMP = struct.Struct("<qq")
_PUSHED = b"\1"
#: an integer id as an argument of a command, and the place of the id in it
_INT_ARGUMENT = np.frombuffer(b"$9\r\ni--------\r\n", np.uint8)
_PLACE = slice(5, 13)


@dataclass(frozen=True)
class Header:
    """Says what holds for all rows of a snapshot.

    Attributes:
        stamp: event and created time of the snapshot; None before the first.
        run: names the materialization.
        entities: how many the snapshot has.
        text: whether ids are strings.
        columns: how rows are packed.
        widths: feature → the length of all its lists, where they have one.
    """

    stamp: Stamp | None
    run: str
    entities: int
    text: bool
    columns: list[PackedColumn]
    widths: dict[str, int]

    @classmethod
    def empty(cls) -> "Header":
        """Return the header of a view without a snapshot."""
        return cls(None, "", 0, False, [], {})

    def to_bytes(self) -> bytes:
        """Return the bytes that Redis holds."""
        rest = asdict(self)
        del rest["stamp"]
        return _STAMP.pack(*(self.stamp or (NEVER, NEVER))) + json.dumps(rest).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """Return the header that :meth:`to_bytes` was called on."""
        event, created = _STAMP.unpack_from(data)
        rest = json.loads(data[_STAMP.size :])
        columns = [PackedColumn(**column) for column in rest.pop("columns")]
        return cls(None if event == NEVER else (event, created), columns=columns, **rest)


def pushed_to_bytes(row: Row) -> bytes:
    """Return a pushed row as Redis holds it."""
    return row_to_bytes(row) + _STAMP.pack(*row.stamp) + _PUSHED


def pushed_from_bytes(data: bytes) -> Row:
    """Return the row that :func:`pushed_to_bytes` was given."""
    return row_from_bytes(data[: -_STAMP.size - 1])


def is_pushed(data: bytes) -> bool:
    """Return whether a row was pushed; else it is the snapshot's."""
    return data[-1] != 0


def field_of(key: Key) -> bytes:
    """Return the field of an entity, as :func:`.encode.field_names` has it for a column of ids."""
    if isinstance(key, bytes):
        return b"j" + key
    return b"s" + key.encode() if isinstance(key, str) else b"i" + key.to_bytes(8, "little", signed=True)


def id_of(field: bytes) -> int | str | None:
    """Return the id of a field; None where it is not one integer or string."""
    kind, name = field[:1], field[1:]
    if kind == b"i":
        return int.from_bytes(name, "little", signed=True)
    return name.decode() if kind == b"s" else None


@dataclass(frozen=True)
class FieldArguments:
    """Holds fields as the last arguments of a command.

    Attributes:
        count: how many there are.
        wire: all of them, as Redis's protocol has them.
    """

    count: int
    wire: bytes

    @classmethod
    def of_keys(cls, keys: Sequence[Key]) -> "FieldArguments":
        """Return the fields of entities."""
        names = map(field_of, keys)
        return cls(len(keys), b"".join(b"$%d\r\n%s\r\n" % (len(name), name) for name in names))

    @classmethod
    def of_ids(cls, ids: np.ndarray) -> "FieldArguments":
        """Return the fields of ids [n], int64 or objects of str."""
        if ids.dtype == object:
            return cls.of_keys(ids.tolist())
        wire = np.empty((len(ids), len(_INT_ARGUMENT)), np.uint8)
        wire[:] = _INT_ARGUMENT
        wire[:, _PLACE] = np.ascontiguousarray(ids, "<i8").view(np.uint8).reshape(-1, 8)
        return cls(len(ids), wire.tobytes())
