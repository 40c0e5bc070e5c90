"""The encoder of histories: the user's last items, as codes and as pretrained vectors."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from embedding_features.arrays import F32, I32
from embedding_features.errors import DataError
from ranking.encoders.base import FieldEncoder, learn_codes
from ranking.encoders.codes import Coder
from ranking.encoders.rows import TrainingRows
from ranking.encoders.vectors import checked_vectors
from ranking.inputs.arrow import Lists, list_array, vector_dim
from ranking.inputs.field_specs import HistorySpec, SharedCoding, codes_owner
from ranking.inputs.fields import History
from ranking.inputs.inputs import Field
from ranking.inputs.vector_rows import distinct_vectors


class HistoryEncoder(FieldEncoder[HistorySpec]):
    """Encodes the first ``spec.length`` items of each list; vectors have ``shape["dim"]`` numbers, or 0.

    Vectors come as lists of lists, as a request has them, or as lists of a dictionary of vectors, as a log
    has them, where the vector of one snapshot and item is in many histories.
    """

    @classmethod
    @override
    def fit(cls, spec: HistorySpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        if not isinstance(spec.coding, SharedCoding):
            ids = (
                Lists.of(part[spec.column], spec.name).first(spec.length).flat
                for part in rows.parts([spec.column], spec.name)
            )
            coders[spec.name] = learn_codes(spec.coding, ids, spec.name)
        if spec.vectors is None:
            return cls(spec, {"dim": 0}, coders)
        for part in rows.parts([spec.vectors], spec.name):
            dim = vector_dim(_vectors_of(part[spec.vectors], spec.name), spec.vectors)
            if dim is not None:
                return cls(spec, {"dim": dim}, coders)
        return cls(spec, {"dim": 1}, coders)

    @override
    def encode(self, table: pa.Table) -> list[Field]:
        spec = self.spec
        whole = Lists.of(self.column(table, spec.column), spec.name)
        lists = whole.first(spec.length)
        name = codes_owner(spec)
        coder = self.coders[name]
        codes: I32 = lists.padded(coder.encode(lists.flat, spec.name), spec.length)
        rows, vectors = self._vectors(table, whole, lists)
        return [
            History(
                spec.name,
                spec.group,
                "user",
                name,
                codes,
                coder.size,
                *distinct_vectors(rows, vectors),
                vector=spec.candidate,
            )
        ]

    def _vectors(self, table: pa.Table, whole: Lists, lists: Lists) -> tuple[I32, F32]:
        """Return [n, length] rows of a table, and the table; ``lists`` are the ``whole`` ones, cut."""
        spec, dim = self.spec, self.shape["dim"]
        if spec.vectors is None:
            return np.zeros((len(lists.length), spec.length), np.int32), np.zeros((1, 0), np.float32)
        column = list_array(self.column(table, spec.vectors), spec.name)
        lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        if not np.array_equal(lengths, whole.length):
            raise DataError(
                f"{spec.name}: lists of {spec.column!r} and {spec.vectors!r} differ in length",
                fix="give a vector, or null, beside each item",
            )
        flat = pc.list_flatten(column)
        index = np.arange(len(flat))
        if pa.types.is_dictionary(flat.type):
            index = np.asarray(flat.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
            flat = flat.dictionary
        values, present = checked_vectors(flat, spec.vectors, spec.name, dim)
        present, row = np.append(present, False), np.where(index < 0, len(flat), index)
        rows = np.where(present[row], row + 1, 0)[whole.position < spec.length].astype(np.int32)
        return lists.padded(rows, spec.length), np.concatenate([np.zeros((1, dim), np.float32), values])


def _vectors_of(column: pa.ChunkedArray, name: str) -> pa.Array:
    """Return the vectors in a column of lists of vectors."""
    flat = pc.list_flatten(list_array(column, name))
    return flat.dictionary if pa.types.is_dictionary(flat.type) else flat
