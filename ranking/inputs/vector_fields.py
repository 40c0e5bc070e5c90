"""Typed columns of pretrained vectors: rows into a table that holds each vector once."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, I32, Bool
from embedding_features.errors import DataError
from ranking.inputs.fields import Group
from ranking.task.task import Side


def _check_table(name: str, rows: I32, table: F32) -> None:
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


@dataclass(frozen=True)
class Vector:
    """A pretrained vector a row, which a table holds once for all rows that have it.

    Attributes:
        rows: [n] row of the table, 0 where the vector is absent.
        table: [R, dim] finite; row 0 is zero. All parts of a data set share one table.

    Raises:
        DataError: when row 0 of the table is not zero, or ``rows`` point outside it.
    """

    name: str
    group: Group
    side: Side
    rows: I32
    table: F32

    def __post_init__(self) -> None:
        _check_table(self.name, self.rows, self.table)

    @classmethod
    def of(cls, name: str, group: Group, side: Side, values: F32, present: Bool) -> "Vector":
        """A table of ``values`` [n, dim], a row of its own for each where ``present`` [n]."""
        rows = np.where(present, np.cumsum(present), 0).astype(np.int32)
        table = np.concatenate([np.zeros((1, values.shape[1]), np.float32), values[present]])
        return cls(name, group, side, rows, table)

    @property
    def values(self) -> F32:
        """[n, dim] copied, zero where absent."""
        values: F32 = self.table[self.rows]
        return values

    @property
    def present(self) -> Bool:
        """[n] which are not absent."""
        present: Bool = self.rows > 0
        return present


@dataclass(frozen=True)
class History:
    """The user's last items before the row, newest first, as codes and as pretrained vectors.

    Attributes:
        items: the vocabulary of ``codes``, such as the item id's ``table``.
        codes: [n, length] in [0, size), 0 in padding and for the unknown.
        rows: [n, length] row of the table, 0 in padding and where the vector is absent.
        table: [R, dim] finite; row 0 is zero. Without vectors it is [1, 0].
        vector: the :class:`Vector` of the candidate item in the same space; "" without one.

    Raises:
        DataError: as of :class:`Vector`; and when codes and rows differ in shape.
    """

    name: str
    group: Group
    side: Side
    items: str
    codes: I32
    size: int
    rows: I32
    table: F32
    vector: str = ""

    def __post_init__(self) -> None:
        _check_table(self.name, self.rows, self.table)
        if self.codes.shape != self.rows.shape or self.codes.ndim != 2:
            raise DataError(f"{self.name}: codes of shape {self.codes.shape}, rows of {self.rows.shape}")
