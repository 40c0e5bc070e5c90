"""Packed rows of a snapshot as arrays again (:mod:`.encode` packs them)."""

import struct
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from embedding_features.store.online_stores.pushed import unpack
from embedding_features.store.online_stores.redis.encode import TEXT, PackedColumn
from embedding_features.store.online_stores.values import Values

_SIZE = struct.Struct("<I")


class PackedRows:
    """Unpacks rows of one snapshot, feature by feature.

    Args:
        rows: [n]; None where there is none: any values stand there.
        columns: how they are packed, those of one size first.
        widths: feature → the length of all its lists in the snapshot, where they have one.
        matrix: [n, bytes] the rows in one piece, where that is known.
    """

    def __init__(
        self,
        rows: Sequence[bytes | None],
        columns: Sequence[PackedColumn],
        widths: dict[str, int],
        matrix: np.ndarray | None = None,
    ) -> None:
        self._columns, self._widths = columns, widths
        self._head = sum(column.size or 0 for column in columns)
        self._rows = rows
        self._matrix = matrix
        self._tails: dict[str, list[bytes]] | None = None

    def take(self, name: str) -> Values | None:
        """Return the values [n] of a feature, in memory of their own; None where the snapshot lacks it."""
        start = 0
        for column in self._columns:
            if column.name == name:
                return self._fixed(column, start) if column.size is not None else self._loose(column)
            start += column.size or 0
        return None

    def _fixed(self, column: PackedColumn, start: int) -> np.ndarray:
        if self._matrix is None:
            blank, stop = bytes(self._head), self._head
            heads = [blank if row is None else row[:stop] for row in self._rows]
            self._matrix = np.frombuffer(b"".join(heads), np.uint8).reshape(len(heads), stop)
        found = np.array(self._matrix[:, start : start + (column.size or 0)])
        if not column.many:
            return found.view(column.item).reshape(len(found))
        return found.reshape(-1).view(column.item).reshape(len(found), column.width or 0)

    def _loose(self, column: PackedColumn) -> Values:
        if self._tails is None:
            self._tails = self._split()
        cells = self._tails[column.name]
        if not column.many:
            return _texts(cells)
        if column.item == TEXT:
            lists = [list(unpack(cell)) for cell in cells]
            items = _texts([item for found in lists for item in found])
            return pa.LargeListArray.from_arrays(_offsets([len(found) for found in lists]), items)
        size, width = np.dtype(column.item).itemsize, self._widths.get(column.name)
        if width is not None:
            blank = bytes(size * width)
            return np.frombuffer(bytearray().join([c or blank for c in cells]), column.item).reshape(
                -1, width
            )
        numbers = pa.array(np.frombuffer(b"".join(cells), column.item))
        return pa.LargeListArray.from_arrays(_offsets([len(cell) // size for cell in cells]), numbers)

    def _split(self) -> dict[str, list[bytes]]:
        """Return the cells of the columns whose rows differ in size; empty where there is no row."""
        names = [column.name for column in self._columns if column.size is None]
        cells: dict[str, list[bytes]] = {name: [] for name in names}
        for row in self._rows:
            at = self._head
            for name in names:
                size = _SIZE.unpack_from(row, at)[0] if row is not None else 0
                cells[name].append(row[at + 4 : at + 4 + size] if row is not None else b"")
                at += 4 + size
        return cells


def rows_alike(rows: Sequence[bytes | None], columns: Sequence[PackedColumn]) -> PackedRows | None:
    """Return all rows in one piece, if none is missing or pushed and all columns have one size; else None."""
    sizes = [column.size for column in columns]
    if not rows or not columns or None in sizes or None in rows:
        return None
    size = sum(size or 0 for size in sizes) + 1
    if set(map(len, rows)) != {size}:  # type: ignore[arg-type]
        return None
    matrix = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), size)  # type: ignore[arg-type]
    return None if matrix[:, -1].any() else PackedRows(rows, columns, {}, matrix)


def _texts(cells: list[bytes]) -> pa.Array:
    return pa.array(cells, pa.large_binary()).cast(pa.large_string())


def _offsets(lengths: list[int]) -> pa.Array:
    return pa.array(np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(lengths, np.int64))]))
