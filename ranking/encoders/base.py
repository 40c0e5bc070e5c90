"""What every encoder is: fitted on training rows, it makes fields of any rows, in training and in service."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import pyarrow as pa

from embedding_features.errors import DataError
from ranking.encoders.codes import Coder, HashCodes, ValueCounts
from ranking.encoders.rows import TrainingRows, check_column
from ranking.inputs.arrow import flat_array
from ranking.inputs.field_specs import Coding, FieldSpec, HashCoding, SharedCoding, VocabularyCoding
from ranking.inputs.inputs import Field

SpecT = TypeVar("SpecT", bound=FieldSpec)


@dataclass(frozen=True)
class FieldEncoder(ABC, Generic[SpecT]):
    """One field's.

    Attributes:
        spec: the field.
        shape: what else was learned: numbers by name.
        coders: name of a field with codes of its own → its codes; those of all fields.
    """

    spec: SpecT
    shape: Mapping[str, int]
    coders: Mapping[str, Coder]

    @classmethod
    @abstractmethod
    def fit(cls, spec: SpecT, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        """Learn codes, which are added to ``coders``, and shapes.

        Raises:
            DataError: when a column is missing, or of a type that the field cannot be made of.
        """

    @abstractmethod
    def encode(self, table: pa.Table) -> list[Field]:
        """The fields of some rows.

        Raises:
            DataError: when a column is missing, of another type than in training, or breaks the field's rule.
        """

    def column(self, table: pa.Table, name: str) -> pa.Array:
        """A column, as one array."""
        check_column(table.schema, name, self.spec.name)
        return flat_array(table[name])


def table_name(name: str, coding: Coding) -> str:
    """Whose codes a field has."""
    return coding.of if isinstance(coding, SharedCoding) else name


def learn_codes(coding: Coding, values: Iterator[pa.Array], name: str) -> Coder:
    """The codes of the values of training rows, given part by part."""
    counts = ValueCounts()
    for part in values:
        counts.add(part, name)
    return coder_of(coding, counts, name)


def coder_of(coding: Coding, counts: ValueCounts, name: str) -> Coder:
    """The codes of counted values."""
    if isinstance(coding, HashCoding):
        if counts.kind == "number":
            raise DataError(f"{name}: floating point numbers are not hashed", fix="use a vocabulary")
        return HashCodes(coding.buckets, counts.kind)
    if isinstance(coding, VocabularyCoding):
        return counts.vocabulary(coding.min_count, coding.unknown)
    raise TypeError(f"{name} shares the codes of {coding.of}")
