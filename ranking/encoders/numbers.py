"""The encoder of numbers."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa
from typing_extensions import override

from embedding_features.arrow import mask
from embedding_features.errors import DataError
from ranking.encoders.base import FieldEncoder
from ranking.encoders.codes import Coder
from ranking.encoders.rows import TrainingRows
from ranking.inputs.arrow import floats
from ranking.inputs.field_specs import NumberSpec
from ranking.inputs.fields import Number
from ranking.inputs.inputs import Field


class NumberEncoder(FieldEncoder[NumberSpec]):
    """Encodes a column as float32 numbers; nothing is learned, for scales are the ranker's to fit."""

    @classmethod
    @override
    def fit(cls, spec: NumberSpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        encoder = cls(spec, {}, coders)
        for part in rows.parts([spec.column], spec.name):
            encoder.encode(part)  # a column that cannot be numbers is reported before it is trained on
        return encoder

    @override
    def encode(self, table: pa.Table) -> list[Field]:
        column, name = self.column(table, self.spec.column), self.spec.name
        values = floats(column, name)
        if self.spec.default is not None:
            absent = mask(column.is_null())
            values[absent] = self.spec.default
        if np.isinf(values).any():
            raise DataError(
                f"{name}: {self.spec.column!r} holds an infinity, or a number too large for float32",
                fix="write null where a number is unknown",
            )
        if self.spec.transform == "log1p":
            if (values <= -1).any():
                raise DataError(
                    f"{name}: log1p of {values[values <= -1][0]:g}",
                    fix="give numbers above -1, such as counts",
                )
            values = np.log1p(values)
        return [Number(name, self.spec.group, values)]
