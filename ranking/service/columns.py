"""Values of raw columns on their way to a table: those of a request, and histories' vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, Bool
from embedding_features.errors import DataError
from embedding_features.store.online_stores.values import Values
from embedding_features.store.retrieval.row_arrays import arrow_column
from ranking.service.plan import HistoryVectors
from ranking.service.requests import Given


@dataclass(frozen=True)
class ColumnValues:
    """Values of a column: one that all rows share, or one for each row."""

    values: pa.Array
    shared: bool = False

    def rows(self, count: int) -> pa.Array:
        """The values of as many rows; a vector that they share is held once."""
        if not self.shared:
            return self.values
        if pa.types.is_fixed_size_list(self.values.type):
            return pa.DictionaryArray.from_arrays(_zeros(count), self.values)
        return self.values.take(_zeros(count))


@lru_cache(maxsize=64)
def _zeros(count: int) -> pa.Array:
    return pa.array(np.zeros(count, np.int32))


def id_array(ids: Sequence[int | str]) -> pa.Array:
    """Ids as int64 or strings."""
    return pa.array(ids, pa.int64() if not ids or isinstance(ids[0], int) else pa.string())


def given(column: str, value: Given, depth: int, count: int) -> ColumnValues:
    """What a request says of a column.

    Args:
        depth: how deep a value of the column is nested: 0 is a number, string or truth.
        count: items of the request.

    Raises:
        DataError: when the value is nested otherwise, mixes types, or lies beside another number of items.
    """
    found = _depth(value)
    if value is not None and found not in (depth, depth + 1):
        raise DataError(
            f"features: {column} is nested {found} deep, and a value of it {depth} deep",
            fix="give one value for the request, or a list with a value for each item",
        )
    if isinstance(value, list) and found > depth and len(value) != count:
        raise DataError(
            f"features: {column} has {len(value)} values beside {count} items",
            fix="give one value for the request, or a list with a value for each item",
        )
    shared = found <= depth
    try:
        return ColumnValues(pa.array([value] if shared else value), shared)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        raise DataError(f"features: {column} mixes types", fix="give values of one type") from None


def _depth(value: object) -> int:
    """0 of a scalar or null, 1 of a list of them."""
    if not isinstance(value, list):
        return 0
    return 1 + max((_depth(one) for one in value if isinstance(one, list)), default=0)


def of_rows(values: Values, found: Bool) -> pa.Array:
    """Rows that were read online as Arrow, null where not found; vectors as lists of one length."""
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind == "f":
        flat = pa.array(values.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=pa.array(~found))
    return arrow_column(values, found, None)


@dataclass(frozen=True)
class HistoryLists:
    """Lists of items whose vectors are wanted.

    Attributes:
        ids: the lists, cut to what is read of them.
        offsets: [lists + 1] where each begins in ``flat``.
        flat: their ids.
    """

    history: HistoryVectors
    ids: ColumnValues
    offsets: I64
    flat: pa.Array

    @classmethod
    def of(cls, history: HistoryVectors, known: Mapping[str, ColumnValues]) -> Self | None:
        """The lists among the columns known; None where there are none, or their vectors are known too.

        Raises:
            DataError: when an id is null.
        """
        ids = known.get(history.ids)
        if ids is None or history.column in known:
            return None
        cut = [(one or [])[: history.length] for one in ids.values.to_pylist()]
        flat = pa.array([item for one in cut for item in one])
        if flat.null_count:
            raise DataError(f"features: {history.ids} holds a null id", fix="leave it out")
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in cut])]).astype(np.int64)
        return cls(history, ColumnValues(pa.array(cut), ids.shared), offsets, flat)

    def columns(self, vectors: pa.Array, count: int) -> dict[str, ColumnValues]:
        """The raw columns of ids and vectors.

        Args:
            vectors: beside ``flat``, null where there is none.
            count: items of the request.
        """
        valid = np.asarray(vectors.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        places, offsets = np.where(valid, np.cumsum(valid) - 1, -1), self.offsets
        if self.ids.shared:
            places, offsets = np.tile(places, count), np.arange(count + 1) * len(self.flat)
        index = pa.array(places.astype(np.int32), mask=places < 0)
        # a dictionary holds each vector once, and the encoder looks at each once
        known = pa.DictionaryArray.from_arrays(index, vectors.drop_null())
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), known)
        return {self.history.ids: self.ids, self.history.column: ColumnValues(lists)}
