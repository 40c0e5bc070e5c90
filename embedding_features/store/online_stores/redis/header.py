"""The header of what is online of a view version: its times, and how its rows are packed."""

import json
import struct
from dataclasses import asdict, dataclass

from embedding_features.store.online_stores.layout import NEVER, Stamp
from embedding_features.store.online_stores.redis.encode import PackedColumn

_STAMP = struct.Struct("<qq")


@dataclass(frozen=True)
class Header:
    """What is said once for all rows.

    Attributes:
        stamp: of the snapshot; None before the first.
        run: names the materialization.
        entities: of the snapshot.
        text: whether ids are strings.
        columns: how rows are packed.
        widths: feature → the length of all its lists, where that is one.
    """

    stamp: Stamp | None
    run: str
    entities: int
    text: bool
    columns: list[PackedColumn]
    widths: dict[str, int]

    @classmethod
    def empty(cls) -> "Header":
        """Of a view without a snapshot."""
        return cls(None, "", 0, False, [], {})

    def to_bytes(self) -> bytes:
        """The stamp as two int64, little-endian, and the rest as JSON."""
        rest = asdict(self)
        del rest["stamp"]
        return _STAMP.pack(*(self.stamp or (NEVER, NEVER))) + json.dumps(rest).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """What :meth:`to_bytes` gave."""
        event, created = _STAMP.unpack_from(data)
        rest = json.loads(data[_STAMP.size :])
        columns = [PackedColumn(**column) for column in rest.pop("columns")]
        return cls(None if event == NEVER else (event, created), columns=columns, **rest)
