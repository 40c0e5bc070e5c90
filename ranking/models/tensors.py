"""Inputs as torch tensors: what a batch is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from embedding_features.arrays import AnyArray
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.models.schema import Schema


@dataclass(frozen=True)
class Batch:
    """b rows. Codes are rows of the shared table: each field's offset is added.

    Attributes:
        label: [b] float32, NaN where a row has none.
        continuous: [b, c] float32, NaN unknown.
        categorical: [b, k] int64.
        bags: of each bag [b, width] int64 codes and [b, width] float32 weights.
        rows: [b, vectors] int64 rows of ``tables``, 0 where a vector is absent.
        histories: of each history [b, length] int64 codes and [b, length] int64 rows of its table; an item
            whose code is its field's offset is padding where its row is 0 too.
        keys: [b, keyed fields] int64, see :class:`.Category`.
        domain: [b] int64, or None of one domain.
        tables: of each vector, then of each history, [R, dim] float32; shared by all batches of some inputs.
    """

    label: Tensor
    continuous: Tensor
    categorical: Tensor
    bags: tuple[tuple[Tensor, Tensor], ...]
    rows: Tensor
    histories: tuple[tuple[Tensor, Tensor], ...]
    keys: Tensor
    domain: Tensor | None
    tables: tuple[Tensor, ...]

    @classmethod
    def of(cls, inputs: Inputs, schema: Schema) -> "Batch":
        """All rows of ``inputs``, laid out as ``schema`` was made from."""
        n = len(inputs)
        offsets = [field.offset for field in schema.categorical]
        bags = tuple(
            (torch.from_numpy(bag.codes).long() + sparse.offset, torch.from_numpy(bag.weights))
            for bag, sparse in zip(inputs.of(Bag), schema.bags, strict=True)
        )
        histories = tuple(
            (torch.from_numpy(field.codes).long() + sequence.offset, torch.from_numpy(field.rows).long())
            for field, sequence in zip(inputs.of(History), schema.histories, strict=True)
        )
        tables = [f.table for f in inputs.of(Vector)] + [f.table for f in inputs.of(History)]
        keys = [field.key for field in inputs.of(Category) if field.key is not None]
        return cls(
            label=torch.from_numpy(inputs.label),
            continuous=_side_by_side(n, [field.values for field in inputs.of(Number)], np.float32),
            categorical=_side_by_side(n, [f.codes for f in inputs.of(Category)], np.int64, offsets),
            bags=bags,
            rows=_side_by_side(n, [field.rows for field in inputs.of(Vector)], np.int64),
            histories=histories,
            keys=_side_by_side(n, keys, np.int64),
            domain=None if inputs.domain is None else torch.from_numpy(inputs.domain).long(),
            tables=tuple(torch.from_numpy(table) for table in tables),
        )

    def __len__(self) -> int:
        return len(self.label)

    @property
    def present(self) -> Tensor:
        """[b, vectors] float32, 1 where the vector is known."""
        return (self.rows > 0).float()

    def vector(self, column: int) -> Tensor:
        """[b, dim] of one vector field, zero where absent."""
        return self.tables[column].index_select(0, self.rows[:, column])

    def take(self, rows: Tensor | slice) -> "Batch":
        """Some rows: copied, of a slice views; the tables are shared."""

        def some(values: Tensor) -> Tensor:
            return values[rows] if isinstance(rows, slice) else values.index_select(0, rows)

        return Batch(
            some(self.label),
            some(self.continuous),
            some(self.categorical),
            tuple((some(codes), some(weights)) for codes, weights in self.bags),
            some(self.rows),
            tuple((some(codes), some(vectors)) for codes, vectors in self.histories),
            some(self.keys),
            None if self.domain is None else some(self.domain),
            self.tables,
        )


def _side_by_side(n: int, columns: Sequence[AnyArray], dtype: type, added: Sequence[int] = ()) -> Tensor:
    """[n, columns] of arrays [n]; to each its number of ``added``, if there are any.

    Torch turns a matrix faster than NumPy writes columns.
    """
    whole: AnyArray = np.empty((len(columns), n), dtype)
    for at, column in enumerate(columns):
        if added:
            np.add(column, added[at], out=whole[at])
        else:
            whole[at] = column
    return torch.from_numpy(whole).t().contiguous()
