"""All encoders of a spec, which are fitted together, and which a service encodes a request with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, Bool
from embedding_features.config import parse_config
from embedding_features.errors import DataError
from ranking.encoders.bags import BagEncoder
from ranking.encoders.base import FieldEncoder
from ranking.encoders.categories import CategoryEncoder, TokensEncoder
from ranking.encoders.codes import Coder
from ranking.encoders.histories import HistoryEncoder
from ranking.encoders.numbers import NumberEncoder
from ranking.encoders.rows import RawRows, TrainingRows
from ranking.encoders.vectors import SimilarityEncoder, VectorEncoder
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.inputs import Field, Inputs
from ranking.inputs.spec import RankerSpec

#: kind of field → its encoder
ENCODERS: dict[str, type[FieldEncoder[Any]]] = {
    "dense": NumberEncoder,
    "categorical": CategoryEncoder,
    "multivalued": BagEncoder,
    "tokens": TokensEncoder,
    "vector": VectorEncoder,
    "similarity": SimilarityEncoder,
    "sequence": HistoryEncoder,
}


@dataclass(frozen=True)
class Encoders:
    """Turns raw rows into the inputs of a ranker.

    Attributes:
        spec: the fields.
        shapes: field → what its encoder learned besides codes.
        coders: field with codes of its own, or position of tokens → its codes.
    """

    spec: RankerSpec
    shapes: Mapping[str, Mapping[str, int]]
    coders: Mapping[str, Coder]

    def encode(self, table: pa.Table, label: F32 | None = None) -> Inputs:
        """Return the inputs of some rows.

        Args:
            table: the columns of the spec; others are not looked at.
            label: [n]; zeros by default.

        Raises:
            DataError: when a column is missing or breaks its rule.
            CompatibilityError: when vectors are of another dim than in training.
        """
        fields: list[Field] = []
        for spec in self.spec.fields:
            fields += ENCODERS[spec.kind](spec, self.shapes[spec.name], self.coders).encode(table)
        return Inputs(np.zeros(len(table), np.float32) if label is None else label, tuple(fields))

    def select(self, kept: Callable[[FieldSpec], bool]) -> "Encoders":
        """Return the encoders of some fields.

        Args:
            kept: says of a spec whether to keep its field.

        Raises:
            ConfigError: when none is left, or one shares the codes of a field that is not.
        """
        fields = [field for field in self.spec.fields if kept(field)]
        spec = parse_config({"fields": fields}, RankerSpec, "the spec of those fields alone")
        return Encoders(spec, {field.name: self.shapes[field.name] for field in fields}, self.coders)

    def field_names(self) -> list[str]:
        """Return the names of the encoded fields; a tokens field yields one for each position."""
        empty = pa.table({column: pa.nulls(0) for column in self.spec.columns()})
        return [field.name for field in self.encode(empty).fields]


def fit_encoders(spec: RankerSpec, rows: pa.Table | RawRows, train: Bool) -> Encoders:
    """Fit every encoder of a spec on the training rows.

    Args:
        spec: the fields.
        rows: the raw columns, in memory or on disk.
        train: [n] which rows are training rows.

    Raises:
        DataError: when a column is missing or of a type its field cannot be made of, two fields come out
            under one name, or there are not as many rows as the mask has.
    """
    chosen = TrainingRows.of(rows, train)
    coders: dict[str, Coder] = {}
    shapes = {field.name: ENCODERS[field.kind].fit(field, chosen, coders).shape for field in spec.fields}
    encoders = Encoders(spec, shapes, coders)
    # a column that is missing or of a wrong type is reported here, where no row is encoded
    names = [field.name for field in encoders.encode(chosen.empty_table()).fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"two fields come out as {twice[0]!r}", fix="name the fields of the spec apart")
    return encoders
