"""The kinds of fields of a ranker's inputs: numbers, codes and pretrained vectors as numpy arrays.

``layout_name`` is the name by which the layouts of saved bundles know a class, whatever it is called here.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from embedding_features.arrays import F32, I32, I64, Bool
from embedding_features.errors import DataError
from ranking.inputs.groups import Group
from ranking.inputs.vector_rows import check_table
from ranking.task.task import Side


@dataclass(frozen=True)
class Number:
    """Holds a number a row, ``values`` [n], NaN where unknown; scaling and filling is the ranker's to fit."""

    layout_name: ClassVar = "Continuous"
    name: str
    group: Group
    values: F32


@dataclass(frozen=True)
class Category:
    """Holds a code a row.

    Attributes:
        side: whose property it is.
        table: the vocabulary; fields of one table share an embedding.
        codes: [n] in [0, size); 0 is unknown, missing or too rare in training.
        identity: the id of the user or item itself, which a ranker without embeddings cannot use.
        place: a user's and an item's field of one place say the same kind of thing, such as the first
            residual token of one family; a wide part crosses fields of one group and place.
        key: [n] the raw id where it is an integer, else a 64-bit hash of it; a deep hash embedding tells
            ids apart by it that share the unknown code. None: nobody needs it.
    """

    layout_name: ClassVar = "Categorical"
    name: str
    group: Group
    side: Side
    table: str
    codes: I32
    size: int
    identity: bool = False
    place: str = ""
    key: I64 | None = None


@dataclass(frozen=True)
class Bag:
    """Holds a weighted set of codes a row.

    Attributes:
        codes: [n, width] in [0, size), 0 in padding and for the unknown.
        weights: [n, width] at least 0, of sum 1 a row, or 0 where nothing is known; 0 where the code is 0.
        side: as in :class:`Category`; likewise ``table`` and ``identity``.
    """

    layout_name: ClassVar = "Bag"
    name: str
    group: Group
    side: Side
    table: str
    codes: I32
    weights: F32
    size: int
    identity: bool = False


@dataclass(frozen=True)
class Vector:
    """Holds a pretrained vector a row, in a table that has it once for all rows that share it.

    Attributes:
        rows: [n] row of the table, 0 where the vector is absent.
        table: [R, dim] finite; row 0 is zero. All parts of a data set share one table.

    Raises:
        DataError: when row 0 of the table is not zero, or ``rows`` point outside it.
    """

    layout_name: ClassVar = "Vector"
    name: str
    group: Group
    side: Side
    rows: I32
    table: F32

    def __post_init__(self) -> None:
        check_table(self.name, self.rows, self.table)

    @classmethod
    def of(cls, name: str, group: Group, side: Side, values: F32, present: Bool) -> "Vector":
        """Return a field whose table has a row for each of ``values`` [n, dim] that is ``present`` [n]."""
        rows = np.where(present, np.cumsum(present), 0).astype(np.int32)
        table = np.concatenate([np.zeros((1, values.shape[1]), np.float32), values[present]])
        return cls(name, group, side, rows, table)

    @property
    def values(self) -> F32:
        """Return [n, dim] the vectors, copied, zero where absent."""
        values: F32 = self.table[self.rows]
        return values

    @property
    def present(self) -> Bool:
        """Return [n] which are not absent."""
        present: Bool = self.rows > 0
        return present


@dataclass(frozen=True)
class History:
    """Holds the user's last items before the row, newest first, as codes and as pretrained vectors.

    Attributes:
        items: the vocabulary of ``codes``, such as the item id's ``table``.
        codes: [n, length] in [0, size), 0 in padding and for the unknown.
        rows: [n, length] row of the table, 0 in padding and where the vector is absent.
        table: [R, dim] finite; row 0 is zero. Without vectors it is [1, 0].
        vector: the :class:`Vector` of the candidate item in the same space; "" without one.

    Raises:
        DataError: as :class:`Vector`; and when codes and rows differ in shape.
    """

    layout_name: ClassVar = "History"
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
        check_table(self.name, self.rows, self.table)
        if self.codes.shape != self.rows.shape or self.codes.ndim != 2:
            raise DataError(f"{self.name}: codes of shape {self.codes.shape}, rows of {self.rows.shape}")
