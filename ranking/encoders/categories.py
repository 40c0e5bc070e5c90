"""The encoders of categories: fields of one value a row, and lists of tokens, which become as many fields."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from embedding_features.arrays import I64
from embedding_features.arrow import flat_array
from embedding_features.errors import DataError
from ranking.encoders.base import FieldEncoder, coder_of, learn_codes
from ranking.encoders.codes import Coder, ValueCounts
from ranking.encoders.rows import TrainingRows
from ranking.encoders.values import keys_of, value_kind
from ranking.inputs.arrow import Lists
from ranking.inputs.field_specs import CategorySpec, SharedCoding, TokensSpec, codes_owner
from ranking.inputs.fields import Category
from ranking.inputs.inputs import Field


class CategoryEncoder(FieldEncoder[CategorySpec]):
    """Encodes a value as its code."""

    @classmethod
    @override
    def fit(cls, spec: CategorySpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        encoder = cls(spec, {}, coders)
        if not isinstance(spec.coding, SharedCoding):
            parts = (encoder._values(part) for part in rows.parts([spec.column], spec.name))
            coders[spec.name] = learn_codes(spec.coding, parts, spec.name)
        return encoder

    @override
    def encode(self, table: pa.Table) -> list[Field]:
        spec, values = self.spec, self._values(table)
        name = codes_owner(spec)
        coder = self.coders[name]
        codes = coder.encode(values, spec.name)
        key = keys_of(values, spec.name) if spec.keys else None
        return [
            Category(
                spec.name, spec.group, spec.side, name, codes, coder.size, spec.identity, spec.place, key
            )
        ]

    def _values(self, table: pa.Table) -> pa.Array:
        """Return the field's column, nulls replaced by the default if there is one."""
        values = self.column(table, self.spec.column)
        default = self.spec.default
        if default is None:
            return values
        if pa.types.is_null(values.type):
            return pa.repeat(pa.scalar(default), len(values))
        if value_kind(values.type, self.spec.name) != value_kind(pa.scalar(default).type, self.spec.name):
            raise DataError(
                f"{self.spec.name}: the default {default!r} is not of the column's type {values.type}",
                fix="write the default as the column's values are written",
            )
        return values.fill_null(default)


class TokensEncoder(FieldEncoder[TokensSpec]):
    """Encodes a list of tokens as a field a position; ``shape["length"]`` is 0 where training has none."""

    @classmethod
    @override
    def fit(cls, spec: TokensSpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        lengths: set[int] = set()
        counts: list[ValueCounts] = []
        for part in rows.parts([spec.column], spec.name):
            lists = Lists.of(part[spec.column], spec.name)
            lengths |= _lengths(lists)
            if len(lengths) > 1:
                raise DataError(
                    f"{spec.name}: token lists of lengths {sorted(lengths)}", fix="use one codebook only"
                )
            counts = counts or [ValueCounts() for _ in range(max(lengths, default=0))]
            for position, counted in enumerate(counts):
                counted.add(_values_at(lists, position), spec.name)
        for position, counted in enumerate(counts):
            coders[f"{spec.name}_{position}"] = coder_of(spec.coding, counted, spec.name)
        return cls(spec, {"length": len(counts)}, coders)

    @override
    def encode(self, table: pa.Table) -> list[Field]:
        spec, length = self.spec, self.shape["length"]
        lists = Lists.of(self.column(table, spec.column), spec.name)
        lengths = _lengths(lists)
        if length and lengths - {length}:
            raise DataError(
                f"{spec.name}: token lists of lengths {sorted(lengths | {length})}",
                fix="use the codebook of training only",
            )
        fields: list[Field] = []
        for position in range(length):
            name = f"{spec.name}_{position}"
            coder = self.coders[name]
            place = f"{spec.place}_{position}" if spec.place else ""
            codes = coder.encode(_values_at(lists, position), name)
            fields.append(Category(name, spec.group, spec.side, name, codes, coder.size, place=place))
        return fields


def _lengths(lists: Lists) -> set[int]:
    """Return the lengths of the lists that have a token."""
    return set(np.unique(lists.length[lists.length > 0]).tolist())


def _values_at(lists: Lists, position: int) -> pa.Array:
    """Return [n] the value at a position, null where the list is empty."""
    index: I64 = np.cumsum(lists.length) - lists.length + position
    empty = lists.length == 0
    return flat_array(pc.take(lists.flat, pa.array(np.where(empty, 0, index), mask=empty)))
