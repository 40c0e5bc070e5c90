"""Reads the columns of a generation: rows are gathered from mapped files."""

import mmap
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.snapshot.columns import Described, Spec
from embedding_features.store.online_stores.values import Values, as_arrow


class StoredColumn(Protocol):
    """Reads a column of a generation."""

    def take(self, rows: np.ndarray) -> Values:
        """Return the values of rows [n] int64."""
        ...


class Numbers:
    """Reads scalars [n], or lists of one length [n, width], as a matrix."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the values of rows [n] int64."""
        return self.values.take(rows, axis=0)


class Ragged:
    """Reads lists of any length, or strings: ends [n] and what lies between them."""

    def __init__(self, ends: np.ndarray, items: StoredColumn, text: bool) -> None:
        self._ends, self._items, self._text = ends, items, text

    def take(self, rows: np.ndarray) -> pa.Array:
        """Return the values of rows [n] int64 as an Arrow array: large strings, or large lists."""
        starts = np.where(rows > 0, self._ends.take(np.maximum(rows - 1, 0)), 0) if len(rows) else rows
        lengths = self._ends.take(rows) - starts
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        inside = np.arange(offsets[-1], dtype=np.int64) - np.repeat(offsets[:-1] - starts, lengths)
        found = self._items.take(inside)
        if self._text:
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(found))]
            return pa.Array.from_buffers(pa.large_string(), len(rows), buffers)
        return pa.LargeListArray.from_arrays(pa.array(offsets), as_arrow(found))


def map_array(path: Path, described: Described) -> np.ndarray:
    """Return a file of numbers as a read-only map.

    Raises:
        StoreError: when it is shorter than described.
    """
    dtype, count = described
    if count == 0:
        return np.empty(0, dtype)  # nothing cannot be mapped
    with path.open("rb") as file:
        try:
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), dtype, count)
        except ValueError as error:
            fix = f"remove {path.parent.parent}, run feast apply, and materialize"
            raise StoreError(f"{path} is damaged: {error}", fix=fix) from error


def open_column(folder: Path, stem: str, spec: Spec) -> StoredColumn:
    """Return the column whose files its writer described."""
    main = map_array(folder / stem, spec["values"])
    if "bytes" in spec:
        return Ragged(main, Numbers(map_array(folder / f"{stem}.bytes", spec["bytes"])), text=True)
    if "item" not in spec:
        return Numbers(main)
    item = open_column(folder, f"{stem}.item", spec["item"])
    if spec["width"] is not None and isinstance(item, Numbers) and item.values.ndim == 1:
        return Numbers(item.values.reshape(len(main), spec["width"]))
    return Ragged(main, item, text=False)
