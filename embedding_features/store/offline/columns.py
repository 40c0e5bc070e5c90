"""The features of one view in the order of the entity frame, filled in piece by piece in any order."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.arrays import I64, AnyArray
from embedding_features.store.offline.files import footers
from embedding_features.store.offline.typed_files import TypedFiles


def is_packable(dtype: pa.DataType) -> bool:
    """Return whether values of a type lie packed in memory: fixed-size lists of numbers."""
    if not pa.types.is_fixed_size_list(dtype):
        return False
    return bool(pa.types.is_floating(dtype.value_type) or pa.types.is_integer(dtype.value_type))


def packed_types(parts: Sequence[TypedFiles], columns: Mapping[str, str]) -> dict[str, pa.DataType]:
    """Find the columns of which every file says that they are lists of one length, without a null.

    Args:
        parts: the files.
        columns: name → column of the files.
    """
    packed: dict[str, set[pa.DataType | None]] = {name: set() for name in columns}
    for schema, metadata in footers([file for part in parts for file in part.files]):
        for name, column in columns.items():
            dtype = schema.field(column).type if column in schema.names else pa.null()
            packed[name].add(dtype if is_packable(dtype) and _without_null(metadata, column) else None)
    only = {name: next(iter(types)) for name, types in packed.items() if len(types) == 1}
    return {name: dtype for name, dtype in only.items() if dtype is not None}


def _without_null(metadata: pq.FileMetaData, name: str) -> bool:
    """Return whether a file's statistics say that a column holds no null."""
    leaves = [i for i in range(metadata.num_columns) if metadata.schema.column(i).path.split(".")[0] == name]
    chunks = [metadata.row_group(g).column(i) for g in range(metadata.num_row_groups) for i in leaves]
    counts = [c.statistics.null_count if c.statistics and c.statistics.has_null_count else 1 for c in chunks]
    return len(leaves) == 1 and not any(counts)


class ResultColumns:
    """Collects result columns of ``rows`` rows; a row that is never given is null.

    Args:
        rows: of the entity frame.
        names: the columns.
        packed: those that hold no null and whose lists all have one length, with their type. They are
            written straight into their final place; the others are collected and gathered at the end.
    """

    def __init__(self, rows: int, names: Sequence[str], packed: Mapping[str, pa.DataType]) -> None:
        self._rows, self._names, self._packed = rows, names, packed
        self._arrays: dict[str, AnyArray] = {
            name: np.empty((rows, dtype.list_size), dtype.value_type.to_pandas_dtype())
            for name, dtype in packed.items()
        }
        self._pieces: dict[str, list[pa.Array]] = {name: [] for name in names if name not in packed}
        self._scratch: dict[Any, AnyArray] = {}
        self._where: list[I64] = [np.empty(0, np.int64)]

    def add(self, where: I64, values: Mapping[str, pa.Array], place: I64 | None = None) -> None:
        """Add the features of some rows.

        Args:
            where: [m] int64, their numbers; a row is given once at most.
            values: name → array of m values, or of any number if there is
            place: [m] int64, the one of each row.
        """
        self._where.append(where)
        for name, array in self._arrays.items():
            given = values[name].flatten().to_numpy().reshape(-1, array.shape[1])
            array[where] = given if place is None else self._taken(given, place)
        for name, pieces in self._pieces.items():
            pieces.append(values[name] if place is None else values[name].take(pa.array(place)))

    def _taken(self, given: AnyArray, place: I64) -> AnyArray:
        """Return ``given[place]`` in memory that is used again: fresh pages would cost more than the copy."""
        size = len(place) * given.shape[1]
        scratch = self._scratch.get(given.dtype)
        if scratch is None or len(scratch) < size:
            scratch = self._scratch[given.dtype] = np.empty(size, given.dtype)
        out = scratch[:size].reshape(len(place), given.shape[1])
        return np.take(given, place, axis=0, out=out, mode="clip")

    def finish(self, types: Mapping[str, pa.DataType]) -> list[pa.Array]:
        """Return the columns, in the order of ``names``.

        Args:
            types: of the columns that were collected.
        """
        given = np.concatenate(self._where)
        missing = np.ones(self._rows, bool)
        missing[given] = False
        place = np.zeros(self._rows, np.int64)
        place[given] = np.arange(len(given))
        index = pa.array(place, mask=missing)
        return [
            self._pack(name, missing) if name in self._packed else self._gather(name, index, types[name])
            for name in self._names
        ]

    def _pack(self, name: str, missing: AnyArray) -> pa.Array:
        array, dtype = self._arrays.pop(name), self._packed[name]
        array[missing] = 0
        mask = pa.array(missing) if missing.any() else None
        flat = pa.array(array.reshape(-1), dtype.value_type)
        return pa.FixedSizeListArray.from_arrays(flat, type=dtype, mask=mask)

    def _gather(self, name: str, index: pa.Array, dtype: pa.DataType) -> pa.Array:
        pieces = self._pieces.pop(name)
        return (pa.concat_arrays(pieces) if pieces else pa.array([], dtype)).take(index)
