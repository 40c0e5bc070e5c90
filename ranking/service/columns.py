"""Raw columns of a request's items: values on their way to a table, and the vectors of histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, Bool
from embedding_features.arrow import mask
from embedding_features.errors import DataError
from embedding_features.store.online_stores.values import Values
from embedding_features.store.retrieval.row_arrays import arrow_column
from ranking.service.plan import HistoryVectors


@dataclass(frozen=True)
class ColumnValues:
    """Values of a column: one that all rows share, or one for each row."""

    values: pa.Array
    shared: bool = False

    def rows(self, count: int) -> pa.Array:
        """Return the values of as many rows; a vector that they share is held once."""
        if not self.shared:
            return self.values
        if pa.types.is_fixed_size_list(self.values.type):
            return pa.DictionaryArray.from_arrays(_zeros(count), self.values)
        return self.values.take(_zeros(count))


@lru_cache(maxsize=64)
def _zeros(count: int) -> pa.Array:
    return pa.array(np.zeros(count, np.int32))


def id_array(ids: Sequence[int | str]) -> pa.Array:
    """Return ids as int64 or strings; as int64 where there are none."""
    return pa.array(ids, pa.int64() if not ids or isinstance(ids[0], int) else pa.string())


def online_column(values: Values, found: Bool) -> pa.Array:
    """Return values that were read online as Arrow, null where not found; vectors as lists of one length."""
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind == "f":
        flat = pa.array(values.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=pa.array(~found))
    return arrow_column(values, found, None)


@dataclass(frozen=True)
class HistoryLists:
    """Lists of items whose vectors are wanted.

    Attributes:
        history: which raw columns the lists and their vectors are.
        ids: the lists, cut to what is read of them.
        offsets: [lists + 1] where each begins in ``flat``.
        flat: the ids of all lists.
    """

    history: HistoryVectors
    ids: ColumnValues
    offsets: I64
    flat: pa.Array

    @classmethod
    def of(cls, history: HistoryVectors, columns: Mapping[str, ColumnValues]) -> Self | None:
        """Return the lists among the columns; None where there are none, or their vectors are there too.

        Raises:
            DataError: when an id is null.
        """
        ids = columns.get(history.ids)
        if ids is None or history.column in columns:
            return None
        cut = [(one or [])[: history.length] for one in ids.values.to_pylist()]
        flat = pa.array([item for one in cut for item in one])
        if flat.null_count:
            raise DataError(f"features: {history.ids} holds a null id", fix="leave it out")
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in cut])]).astype(np.int64)
        return cls(history, ColumnValues(pa.array(cut), ids.shared), offsets, flat)

    def columns(self, vectors: pa.Array, count: int) -> dict[str, ColumnValues]:
        """Return the raw columns of ids and of vectors.

        Args:
            vectors: beside ``flat``, null where an id has none.
            count: items of the request.
        """
        valid = mask(vectors.is_valid())
        positions, offsets = np.where(valid, np.cumsum(valid) - 1, -1), self.offsets
        if self.ids.shared:
            positions, offsets = np.tile(positions, count), np.arange(count + 1) * len(self.flat)
        index = pa.array(positions.astype(np.int32), mask=positions < 0)
        # a dictionary holds each vector once, and the encoder looks at each once
        distinct = pa.DictionaryArray.from_arrays(index, vectors.drop_null())
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), distinct)
        return {self.history.ids: self.ids, self.history.column: ColumnValues(lists)}
