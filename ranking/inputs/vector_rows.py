"""Vectors stored once: rows into a table whose rows differ, in the order they are first met."""

import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.hashes import row_hashes


def stored_once(rows: I32, table: F32) -> tuple[I32, F32]:
    """The same vectors, each once, numbered from 1 as they are first met in ``rows``.

    So a vector of one snapshot and entity is one row of the table, whoever asks for it and however often, and
    the result does not depend on how the given table was made.

    Args:
        rows: of any shape, in [0, R); 0 is absent.
        table: [R, dim], row 0 zero.
    """
    found, vectors = VectorStore().add(rows, table)
    return found, np.concatenate([table[:1], vectors])


class VectorStore:
    """The numbering of a table that grows from parts which have tables of their own.

    It keeps 16 bytes a vector and not the vectors.
    """

    def __init__(self) -> None:
        self._known = np.zeros(0, np.uint64)
        self._row = np.zeros(0, np.int64)
        self.size = 1

    def add(self, rows: I32, table: F32) -> tuple[I32, F32]:
        """``rows`` of ``table`` as rows of the growing one, and the vectors to append to that."""
        used = _first_met(rows.ravel(), len(table))
        hashes = row_hashes(table[used])
        _, first = np.unique(hashes, return_index=True)
        distinct = np.sort(first)
        new = distinct[~np.isin(hashes[distinct], self._known)]
        self._learn(hashes[new])
        place = np.zeros(len(table), np.int64)
        place[used] = self._row[np.searchsorted(self._known, hashes)]
        return place[rows].astype(np.int32), table[used[new]]

    def _learn(self, hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> None:
        known = np.concatenate([self._known, hashes])
        row = np.concatenate([self._row, self.size + np.arange(len(hashes))])
        order = np.argsort(known)
        self._known, self._row = known[order], row[order]
        self.size += len(hashes)


def _first_met(rows: I32, size: int) -> I64:
    """The distinct rows from 1 to below ``size``, in the order of their first places."""
    first = np.full(size, -1, np.int64)
    first[rows[::-1]] = np.arange(len(rows) - 1, -1, -1)  # of places assigned twice the last one stays
    first[0] = -1
    met = np.flatnonzero(first >= 0)
    ordered: I64 = met[np.argsort(first[met])]
    return ordered


#: rows of a table that are compared as they are: hashing takes a request longer than all its other encoding
FEW = 1024


def held_once(rows: I32, table: F32) -> tuple[I32, F32]:
    """The same vectors, each once, numbered from 1 as they are first met in ``rows``.

    Args:
        rows: of any shape, in [0, R); 0 is absent.
        table: [R, dim], row 0 zero.
    """
    if len(table) > FEW:
        return stored_once(rows, table)
    bits = table + np.float32(0)  # adding 0 turns -0 into 0
    number: dict[bytes, int] = {}
    place, kept = np.zeros(len(table), np.int32), [0]
    for row in dict.fromkeys(rows.ravel().tolist()):
        if row:
            place[row] = number.setdefault(bits[row].tobytes(), len(kept))
            if place[row] == len(kept):
                kept.append(row)
    return place[rows], table[kept]
