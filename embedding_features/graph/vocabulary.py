"""Append-only ids: row r means the same entity in every later snapshot."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64, AnyArray
from embedding_features.errors import GraphError


@dataclass(frozen=True)
class Vocabulary:
    """The ids of one node type, int64 or string, each once, none null.

    Attributes:
        ids: [n] Arrow array; row r is the id of node r.
    """

    ids: pa.Array

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_string(self) -> bool:
        return bool(pa.types.is_string(self.ids.type))

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of type, ids and their order."""
        digest = hashlib.sha256(str(self.ids.type).encode())
        column = self.ids.to_pylist() if self.is_string else self.ids.to_numpy()
        if isinstance(column, list):
            for value in column:
                data = value.encode()
                digest.update(len(data).to_bytes(8, "little") + data)
        else:
            digest.update(np.ascontiguousarray(column, "<i8").tobytes())
        return digest.hexdigest()

    @classmethod
    def from_ids(cls, ids: pa.Array | AnyArray) -> "Vocabulary":
        """A vocabulary of distinct ids, in their order.

        Raises:
            GraphError: on a null, a duplicate, or a type that is neither integer nor string.
        """
        array = _as_ids(ids)
        if array.null_count:
            raise GraphError(f"{array.null_count} null ids", fix="drop rows without an id")
        if len(pc.unique(array)) != len(array):
            raise GraphError(f"{len(array) - len(pc.unique(array))} duplicate ids in a vocabulary")
        return cls(array)

    def encode(self, ids: pa.Array | AnyArray) -> I64:
        """[m] int64 rows of ``ids``; -1 for unknown and null."""
        index = pc.index_in(_as_ids(ids).cast(self.ids.type), value_set=self.ids)
        return np.asarray(pc.fill_null(index, -1).to_numpy(zero_copy_only=False), np.int64)

    def decode(self, rows: I64) -> pa.Array:
        """The ids of ``rows``."""
        return self.ids.take(pa.array(rows))

    def extend(self, ids: pa.Array | AnyArray) -> "Vocabulary":
        """This vocabulary with the unknown ones of ``ids`` appended, in ascending order."""
        array = pc.drop_null(pc.unique(_as_ids(ids).cast(self.ids.type)))
        fresh = array.filter(pc.invert(pc.is_in(array, value_set=self.ids)))
        return Vocabulary(pa.concat_arrays([self.ids, fresh.take(pc.sort_indices(fresh))]))


def _as_ids(ids: pa.Array | pa.ChunkedArray | AnyArray) -> pa.Array:
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    array = ids if isinstance(ids, pa.Array) else pa.array(np.asarray(ids))
    if pa.types.is_integer(array.type):
        return array.cast(pa.int64())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return array.cast(pa.string())
    raise GraphError(f"ids of type {array.type}", fix="use int64 or string ids")
