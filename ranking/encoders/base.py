"""The base of encoders: fitted on training rows, they make fields of any rows, in training and in service."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import pyarrow as pa

from embedding_features.arrow import flat_array
from embedding_features.errors import DataError
from ranking.encoders.codes import Coder, HashCodes, ValueCounts
from ranking.encoders.rows import TrainingRows, check_column
from ranking.inputs.field_specs import Coding, FieldSpec, HashCoding, VocabularyCoding
from ranking.inputs.inputs import Field

SpecT = TypeVar("SpecT", bound=FieldSpec)


@dataclass(frozen=True)
class FieldEncoder(ABC, Generic[SpecT]):
    """Fits one field on the training rows and encodes it for any rows.

    Attributes:
        spec: the field's spec.
        shape: what was learned besides codes: numbers by name.
        coders: name of a field with codes of its own → its codes; those of all fields.
    """

    spec: SpecT
    shape: Mapping[str, int]
    coders: Mapping[str, Coder]

    @classmethod
    @abstractmethod
    def fit(cls, spec: SpecT, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        """Learn codes and shapes from training rows.

        Args:
            spec: the field's spec.
            rows: the training rows.
            coders: the codes of all fields; the field's own are added.

        Raises:
            DataError: when a column is missing, or of a type that the field cannot be made of.
        """

    @abstractmethod
    def encode(self, table: pa.Table) -> list[Field]:
        """Return the fields of some rows: one, but for tokens, which have one for each position.

        Raises:
            DataError: when a column is missing, of another type than in training, or breaks the field's rule.
        """

    def column(self, table: pa.Table, name: str) -> pa.Array:
        """Return a column of the table as one array."""
        check_column(table.schema, name, self.spec.name)
        return flat_array(table[name])


def learn_codes(coding: Coding, values: Iterator[pa.Array], name: str) -> Coder:
    """Learn codes from the values of training rows.

    Args:
        coding: how values get codes.
        values: given part by part.
        name: the field's name, for errors.
    """
    counts = ValueCounts()
    for part in values:
        counts.add(part, name)
    return coder_of(coding, counts, name)


def coder_of(coding: Coding, counts: ValueCounts, name: str) -> Coder:
    """Return the codes of counted values.

    Args:
        coding: how values get codes.
        counts: how often each value was seen.
        name: the field's name, for errors.

    Raises:
        DataError: when floating point numbers would be hashed.
    """
    if isinstance(coding, HashCoding):
        if counts.kind == "number":
            raise DataError(f"{name}: floating point numbers are not hashed", fix="use a vocabulary")
        return HashCodes(coding.buckets, counts.kind)
    if isinstance(coding, VocabularyCoding):
        return counts.vocabulary(coding.min_count, coding.unknown)
    raise TypeError(f"{name} shares the codes of {coding.of}")
