"""Inputs as torch tensors: what a batch is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ranking.inputs import Bag, Categorical, Continuous, History, Inputs, Vector
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
        keys: [b, keyed fields] int64, see :class:`ranking.inputs.Categorical`.
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

        def stack(columns: list[Tensor], dtype: torch.dtype) -> Tensor:
            return torch.stack(columns, 1) if columns else torch.zeros(n, 0, dtype=dtype)

        codes = [
            torch.from_numpy(field.codes).long() + sparse.offset
            for field, sparse in zip(inputs.of(Categorical), schema.categorical, strict=True)
        ]
        bags = tuple(
            (torch.from_numpy(bag.codes).long() + sparse.offset, torch.from_numpy(bag.weights))
            for bag, sparse in zip(inputs.of(Bag), schema.bags, strict=True)
        )
        histories = tuple(
            (torch.from_numpy(field.codes).long() + sequence.offset, torch.from_numpy(field.rows).long())
            for field, sequence in zip(inputs.of(History), schema.histories, strict=True)
        )
        vectors = inputs.of(Vector)
        tables = [f.table for f in vectors] + [f.table for f in inputs.of(History)]
        keys = [torch.from_numpy(f.key) for f in inputs.of(Categorical) if f.key is not None]
        return cls(
            label=torch.from_numpy(inputs.label),
            continuous=stack([torch.from_numpy(f.values) for f in inputs.of(Continuous)], torch.float32),
            categorical=stack(codes, torch.long),
            bags=bags,
            rows=stack([torch.from_numpy(field.rows).long() for field in vectors], torch.long),
            histories=histories,
            keys=stack(keys, torch.long),
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
        return Batch(
            self.label[rows],
            self.continuous[rows],
            self.categorical[rows],
            tuple((codes[rows], weights[rows]) for codes, weights in self.bags),
            self.rows[rows],
            tuple((codes[rows], vectors[rows]) for codes, vectors in self.histories),
            self.keys[rows],
            None if self.domain is None else self.domain[rows],
            self.tables,
        )
