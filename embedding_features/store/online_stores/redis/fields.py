"""Ids as the fields of a hash, and as Redis's protocol has them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedding_features.store.online_stores.pushed import Key

_INT = np.frombuffer(b"$9\r\ni--------\r\n", np.uint8)
_PLACE = slice(5, 13)  # of the id in it


@dataclass(frozen=True)
class Fields:
    """Fields of a command.

    Attributes:
        wire: all of them, in the protocol's form.
    """

    count: int
    wire: bytes


def field_of(key: Key) -> bytes:
    """The field of an entity: what kind of id, and the id; as :func:`.encode.field_names` has it."""
    if isinstance(key, bytes):
        return b"j" + key
    return b"s" + key.encode() if isinstance(key, str) else b"i" + key.to_bytes(8, "little", signed=True)


def fields_of_keys(keys: Sequence[Key]) -> Fields:
    """The fields of entities."""
    names = map(field_of, keys)
    return Fields(len(keys), b"".join(b"$%d\r\n%s\r\n" % (len(name), name) for name in names))


def fields_of_ids(ids: np.ndarray) -> Fields:
    """The fields of ids [n], int64 or objects of str."""
    if ids.dtype == object:
        return fields_of_keys(ids.tolist())
    wire = np.empty((len(ids), len(_INT)), np.uint8)
    wire[:] = _INT
    wire[:, _PLACE] = np.ascontiguousarray(ids, "<i8").view(np.uint8).reshape(-1, 8)
    return Fields(len(ids), wire.tobytes())
