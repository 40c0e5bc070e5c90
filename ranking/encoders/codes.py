"""Codes of values: a vocabulary of the training rows, or hashing."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I32
from embedding_features.arrow import flat_array, mask
from embedding_features.errors import DataError
from ranking.encoders.value_index import ValueIndex
from ranking.encoders.values import ValueKind, buckets_of, normalized, value_kind

#: a share of a vocabulary: of fewer values each is searched for, else Arrow numbers the vocabulary anew
FEW = 1 / 8


@dataclass(frozen=True)
class ValueCodes:
    """Gives codes to the values known from training rows.

    Attributes:
        values: [v], ascending and distinct; the code of ``values[i]`` is i + 1.
        kind: of the values; a column of another kind is refused.
        unknown: buckets, codes from v + 1, that other values are hashed into; with 0 they have code 0.
    """

    values: pa.Array
    kind: ValueKind
    unknown: int = 0

    @classmethod
    def fit(cls, values: pa.Array, min_count: int, unknown: int = 0) -> "ValueCodes":
        """Return codes of the values seen at least ``min_count`` times; they do not depend on row order."""
        counts = ValueCounts()
        counts.add(values, "values")
        return counts.vocabulary(min_count, unknown)

    @cached_property
    def _index(self) -> ValueIndex:
        return ValueIndex(self.values)

    @property
    def size(self) -> int:
        """Return the number of codes, 0 included."""
        return len(self.values) + 1 + self.unknown

    def encode(self, values: pa.Array, name: str = "values") -> I32:
        """Return [n] codes; 0 is null, and where there are no buckets, unknown.

        Raises:
            DataError: when the values are of another kind.
        """
        check_kind(values.type, self.kind, name)
        values = normalized(values, name)
        if pa.types.is_null(values.type) or pa.types.is_null(self.values.type):
            found = np.zeros(len(values), np.int64)
        elif len(values) < FEW * len(self.values) and not pa.types.is_floating(values.type):
            found = self._index.find(values)
        else:
            positions = pc.index_in(values, value_set=self.values)
            found = np.asarray(pc.add(positions, 1).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        if self.unknown:
            known = mask(values.is_valid())
            buckets = len(self.values) + 1 + buckets_of(values, self.unknown)
            found = np.where((found == 0) & known, buckets, found)
        return found.astype(np.int32)


@dataclass(frozen=True)
class HashCodes:
    """Gives every value the code 1 + hash mod ``buckets``; 0 is null."""

    buckets: int
    kind: ValueKind

    @property
    def size(self) -> int:
        """Return the number of codes, 0 included."""
        return self.buckets + 1

    def encode(self, values: pa.Array, name: str = "values") -> I32:
        """Return [n] codes.

        Raises:
            DataError: when the values are of another kind.
        """
        check_kind(values.type, self.kind, name)
        values = normalized(values, name)
        known = mask(values.is_valid())
        return np.where(known, 1 + buckets_of(values, self.buckets), 0).astype(np.int32)


Coder = ValueCodes | HashCodes


class ValueCounts:
    """Counts how often each value is seen, part by part: memory grows with the distinct values only."""

    def __init__(self) -> None:
        self.kind: ValueKind = "nothing"
        self._seen: pa.Table | None = None

    def add(self, values: pa.Array, name: str) -> None:
        """Count more values, of the kind of those before."""
        kind = value_kind(values.type, name)
        if kind == "nothing":
            return
        check_kind(values.type, self.kind, name)
        self.kind = kind
        counted = pc.value_counts(normalized(values, name).drop_null())
        part = pa.table({"value": counted.field("values"), "count": counted.field("counts")})
        if self._seen is not None:
            both = pa.concat_tables([self._seen, part]).group_by("value").aggregate([("count", "sum")])
            part = both.select(["value", "count_sum"]).rename_columns(["value", "count"])
        self._seen = part

    def vocabulary(self, min_count: int, unknown: int = 0) -> ValueCodes:
        """Return codes of the values seen at least ``min_count`` times, ascending."""
        if self._seen is None:
            return ValueCodes(pa.array([], pa.null()), "nothing", unknown)
        frequent = flat_array(self._seen.filter(pc.greater_equal(self._seen["count"], min_count))["value"])
        return ValueCodes(frequent.take(pc.sort_indices(frequent)), self.kind, unknown)


def check_kind(arrow_type: pa.DataType, expected: ValueKind, name: str) -> None:
    """Check that a column's type is of the kind seen before; a column of nulls fits any.

    Args:
        arrow_type: the column's type.
        expected: the kind seen before.
        name: the field's name, for errors.

    Raises:
        DataError: when it is of another kind.
    """
    found = value_kind(arrow_type, name)
    if found != expected and "nothing" not in (found, expected):
        raise DataError(
            f"{name}: values are {arrow_type} ({found}), training had {expected} values",
            fix=f"write them as {expected} values, or train again on these",
        )
