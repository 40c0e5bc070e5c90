"""Tables of vectors in which each vector stands once, in the order in which rows first use it."""

import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.errors import DataError
from embedding_features.hashes import row_hashes

#: rows of a table that are compared as they are: hashing takes a request longer than all its other encoding
FEW = 1024


def distinct_vectors(rows: I32, table: F32) -> tuple[I32, F32]:
    """Return the same vectors with each stored once, numbered from 1 in the order in which ``rows`` use it.

    So a vector of one snapshot and entity is one row of the table, whoever asks for it and however often, and
    the result does not depend on how the given table was made.

    Args:
        rows: of any shape, in [0, R); 0 is absent.
        table: [R, dim], row 0 zero.
    """
    if len(table) > FEW:
        return distinct_by_hash(rows, table)
    bits = table + np.float32(0)  # adding 0 turns -0 into 0
    number: dict[bytes, int] = {}
    new_row, kept = np.zeros(len(table), np.int32), [0]
    for row in dict.fromkeys(rows.ravel().tolist()):
        if row:
            new_row[row] = number.setdefault(bits[row].tobytes(), len(kept))
            if new_row[row] == len(kept):
                kept.append(row)
    return new_row[rows], table[kept]


def distinct_by_hash(rows: I32, table: F32) -> tuple[I32, F32]:
    """Return :func:`distinct_vectors` of a table of any size."""
    found, vectors = VectorStore().add(rows, table)
    return found, np.concatenate([table[:1], vectors])


class VectorStore:
    """Numbers the vectors of a table that grows from parts which have tables of their own.

    It keeps 16 bytes a vector and not the vectors.
    """

    def __init__(self) -> None:
        self._known = np.zeros(0, np.uint64)
        self._row = np.zeros(0, np.int64)
        self.size = 1

    def add(self, rows: I32, table: F32) -> tuple[I32, F32]:
        """Return ``rows`` of ``table`` as rows of the growing one, and the vectors to append to that."""
        used = _in_order_of_use(rows.ravel(), len(table))
        hashes = row_hashes(table[used])
        _, first = np.unique(hashes, return_index=True)
        distinct = np.sort(first)
        new = distinct[~np.isin(hashes[distinct], self._known)]
        self._number(hashes[new])
        new_row = np.zeros(len(table), np.int64)
        new_row[used] = self._row[np.searchsorted(self._known, hashes)]
        return new_row[rows].astype(np.int32), table[used[new]]

    def _number(self, hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> None:
        known = np.concatenate([self._known, hashes])
        row = np.concatenate([self._row, self.size + np.arange(len(hashes))])
        order = np.argsort(known)
        self._known, self._row = known[order], row[order]
        self.size += len(hashes)


def _in_order_of_use(rows: I32, size: int) -> I64:
    """Return the distinct ``rows`` from 1 to below ``size``, in the order in which they first occur."""
    first = np.full(size, -1, np.int64)
    first[rows[::-1]] = np.arange(len(rows) - 1, -1, -1)  # of a row assigned twice the last one stays
    first[0] = -1
    used = np.flatnonzero(first >= 0)
    ordered: I64 = used[np.argsort(first[used])]
    return ordered


def check_table(name: str, rows: I32, table: F32) -> None:
    """Check that ``rows`` point into a table of vectors whose row 0 stands for the absent one.

    Args:
        name: the field's name.
        rows: of any shape.
        table: of any shape.

    Raises:
        DataError: when row 0 of the table is not zero, or a row lies outside it.
    """
    if table.ndim != 2 or len(table) == 0 or table[0].any():
        raise DataError(
            f"{name}: a table of shape {table.shape} whose row 0 is not all zero",
            fix="keep row 0 for the absent vector",
        )
    if rows.size and (rows.min() < 0 or rows.max() >= len(table)):
        raise DataError(
            f"{name}: rows from {rows.min()} to {rows.max()} of a table of {len(table)}",
            fix="give rows of the table, 0 where a vector is absent",
        )
