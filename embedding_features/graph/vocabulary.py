"""Append-only ids: row r means the same entity in every later snapshot."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

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

    Example:
        >>> import numpy as np
        >>> old = Vocabulary.from_ids(np.array([30, 10]))
        >>> new = old.extend(np.array([10, 20]))
        >>> new.ids.to_pylist()
        [30, 10, 20]
        >>> new.encode(np.array([20, 99])).tolist()
        [2, -1]
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
        if self.is_string:
            return hash_strings(self.ids)
        return hashlib.sha256(
            b"int64" + np.ascontiguousarray(self.ids.to_numpy(), "<i8").tobytes()
        ).hexdigest()

    @classmethod
    def empty(cls, id_type: Literal["int64", "string"]) -> "Vocabulary":
        """A vocabulary without ids, to be extended."""
        return cls(pa.array([], pa.string() if id_type == "string" else pa.int64()))

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

    @classmethod
    def of_arrays(cls, arrays: Iterable[pa.Array | AnyArray]) -> "Vocabulary":
        """The ids that stand in several arrays, ascending.

        Raises:
            GraphError: on a null, or a type that is neither integer nor string, or not that of the others.
        """
        found = [_as_ids(array) for array in arrays]
        types = {array.type for array in found if len(array)}
        if len(types) > 1:
            raise GraphError(f"ids of one node type are {' and '.join(map(str, types))}", fix="cast one")
        filled = [array for array in found if len(array)] or found[:1]
        distinct = pc.unique(pa.concat_arrays(filled))
        return cls.from_ids(distinct.take(pc.sort_indices(distinct)))

    def encode(self, ids: pa.Array | AnyArray) -> I64:
        """[m] int64 rows of ``ids``; -1 for unknown and null.

        Raises:
            GraphError: when ``ids`` are not of the vocabulary's type.
        """
        index = pc.index_in(self._of_my_type(ids), value_set=self.ids)
        return np.asarray(pc.fill_null(index, -1).to_numpy(zero_copy_only=False), np.int64)

    def decode(self, rows: I64) -> pa.Array:
        """The ids of ``rows``.

        Raises:
            GraphError: when a row is outside the vocabulary.
        """
        rows = np.asarray(rows, np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise GraphError(f"rows {rows.min()}..{rows.max()} outside 0..{len(self) - 1}")
        return self.ids.take(pa.array(rows))

    def extend(self, ids: pa.Array | AnyArray) -> "Vocabulary":
        """This vocabulary with the unknown ones of ``ids`` appended, in ascending order; nulls are ignored.

        Raises:
            GraphError: when ``ids`` are not of the vocabulary's type.
        """
        array = pc.drop_null(pc.unique(self._of_my_type(ids)))
        fresh = array.filter(pc.invert(pc.is_in(array, value_set=self.ids)))
        return Vocabulary(pa.concat_arrays([self.ids, fresh.take(pc.sort_indices(fresh))]))

    def _of_my_type(self, ids: pa.Array | AnyArray) -> pa.Array:
        array = _as_ids(ids, self.ids.type)
        if array.type != self.ids.type:
            raise GraphError(f"ids are {array.type}, the vocabulary's {self.ids.type}", fix="cast them")
        return array


def hash_strings(array: pa.StringArray) -> str:
    """SHA-256 (hex) of texts, none null, and their order: their lengths, then their UTF-8 bytes."""
    digest = hashlib.sha256(b"string" + pc.binary_length(array).to_numpy().astype("<i8").tobytes())
    if len(array):
        offsets = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, array.offset * 4)
        digest.update(memoryview(array.buffers()[2] or b"")[offsets[0] : offsets[-1]])
    return digest.hexdigest()


def _as_ids(ids: pa.Array | pa.ChunkedArray | AnyArray, empty: pa.DataType | None = None) -> pa.Array:
    """``ids`` as int64 or string; ``empty`` is the type of an array that has no id to tell its type by."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    try:
        array = ids if isinstance(ids, pa.Array) else pa.array(np.asarray(ids))
        if empty is not None and array.null_count == len(array):
            return pa.nulls(len(array), empty)
        if pa.types.is_integer(array.type):
            return array.cast(pa.int64())
        if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
            return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise GraphError(f"ids do not fit: {error}", fix="use ids within int64, or text") from None
    raise GraphError(f"ids of type {array.type}", fix="use int64 or string ids")
