"""Columns of nodes' tables as entries of a sparse matrix, by rules fitted on the nodes of training."""

from typing import Literal, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field
from sklearn.feature_extraction.text import HashingVectorizer

from embedding_features.arrays import F32, F64, I64
from embedding_features.config import Config
from embedding_features.errors import GraphError


class Entries(NamedTuple):
    """Holds entries of a matrix: rows, columns counted from the first one of the rule, and values."""

    rows: I64
    columns: I64
    values: F32


class NumberColumn(Config):
    """Standardizes numbers: column 0 is (x − mean) / sd, column 1 says which nodes have none.

    A missing number, or one that is not finite, is 0 in column 0: the mean.

    Attributes:
        name: of the column.
        mean: over the nodes of training.
        sd: standard deviation over these; 1 where all are alike.
    """

    kind: Literal["number"] = "number"
    name: str
    mean: float
    sd: float = Field(gt=0)
    width: Literal[2] = 2

    @classmethod
    def fit(cls, name: str, column: pa.ChunkedArray) -> Self:
        """Return the rule of a column."""
        numbers = _numbers(column)
        known = numbers[np.isfinite(numbers)]
        mean, sd = (float(known.mean()), float(known.std())) if len(known) else (0.0, 1.0)
        return cls(name=name, mean=mean, sd=sd if sd > 0 and np.isfinite(sd) else 1.0)

    def entries(self, column: pa.ChunkedArray) -> Entries:
        """Return the entries of a column's rows."""
        numbers = _numbers(column)
        known = np.isfinite(numbers)
        values = np.where(known, (np.where(known, numbers, self.mean) - self.mean) / self.sd, 1.0)
        return Entries(np.arange(len(numbers)), (~known).astype(np.int64), values.astype(np.float32))


class CategoryColumn(Config):
    """Gives each category a column of its own; column 0 is of those unknown, seldom or missing.

    A matrix with a row for each column is then a table of vectors of the categories.

    Attributes:
        name: of the column.
        values: the categories, as text, from column 1 on.
    """

    kind: Literal["category"] = "category"
    name: str
    values: tuple[str, ...]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.values) + 1

    @classmethod
    def fit(cls, name: str, column: pa.ChunkedArray, least: int) -> Self:
        """Return the rule of a column; categories of fewer than ``least`` nodes are unknown."""
        counts = pc.value_counts(_text(column).drop_null())
        often = counts.filter(pc.greater_equal(counts.field("counts"), least)).field("values")
        return cls(name=name, values=tuple(sorted(often.to_pylist())))

    def entries(self, column: pa.ChunkedArray) -> Entries:
        """Return the entries of a column's rows."""
        found = pc.index_in(_text(column), value_set=pa.array(self.values, pa.string()), skip_nulls=True)
        places = found.combine_chunks().fill_null(-1).to_numpy().astype(np.int64) + 1
        return Entries(np.arange(len(places)), places, np.ones(len(places), np.float32))


class TextColumn(Config):
    """Hashes the words of a text and their pairs into columns, with signs, rows of length 1.

    The hashing trick (Weinberger et al., ICML 2009): there is no vocabulary, so new words need no training.

    Attributes:
        name: of the column.
        width: number of columns.
    """

    kind: Literal["text"] = "text"
    name: str
    width: int = Field(ge=2)

    def entries(self, column: pa.ChunkedArray) -> Entries:
        """Return the entries of a column's rows; a missing text has none."""
        hashed = HashingVectorizer(n_features=self.width, ngram_range=(1, 2), alternate_sign=True, norm="l2")
        found = hashed.transform([text or "" for text in _text(column).to_pylist()]).tocoo()
        rows, columns = (ends.astype(np.int64) for ends in (found.row, found.col))
        return Entries(rows, columns, found.data.astype(np.float32))


def is_number(kind: pa.DataType) -> bool:
    """Return whether values of an Arrow type can be standardized: numbers, booleans and moments."""
    types = pa.types
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_temporal)
    return any(bool(test(kind)) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    """Return whether values of an Arrow type are strings, in whatever layout."""
    types = pa.types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(bool(test(kind)) for test in (types.is_string, types.is_large_string, types.is_string_view))


def _numbers(column: pa.ChunkedArray) -> F64:
    """Return [n] float64, NaN where there is none; moments are counted in their unit."""
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.int64() if column.type.bit_width == 64 else pa.int32())
    try:
        numbers: F64 = column.cast(pa.float64(), safe=False).to_numpy()
    except pa.ArrowException as error:
        raise GraphError(f"a column of {column.type} is none of numbers: {error}") from None
    return numbers


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())
