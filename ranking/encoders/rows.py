"""The raw rows that encoders are fitted on, in memory or on disk, read a part at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.errors import DataError

#: rows looked at together while fitting, which bounds memory
PART_ROWS = 65_536


class RawRows(Protocol):
    """Holds raw columns of n rows, in memory or on disk."""

    @property
    def schema(self) -> pa.Schema:
        """Return the columns and their types."""

    def __len__(self) -> int: ...

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of all rows in order, in one or more parts of bounded size."""


@dataclass(frozen=True)
class TableRows:
    """Holds the rows of a table in memory."""

    table: pa.Table

    @property
    def schema(self) -> pa.Schema:
        """Return the columns and their types."""
        return self.table.schema

    def __len__(self) -> int:
        return len(self.table)

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of all rows in order, :data:`PART_ROWS` rows at a time."""
        chosen = self.table.select(list(columns))
        for start in range(0, max(1, len(chosen)), PART_ROWS):
            yield chosen.slice(start, PART_ROWS)


@dataclass(frozen=True)
class FileRows:
    """Reads raw columns from an Arrow file, only those asked for, one batch at a time."""

    path: Path

    @property
    def schema(self) -> pa.Schema:
        """Return the columns and their types."""
        with pa.memory_map(str(self.path)) as source:
            return pa.ipc.open_file(source).schema

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts(self.schema.names[:1]))

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of all rows in order, a batch at a time."""
        indices = [self.schema.get_field_index(column) for column in columns]
        with pa.memory_map(str(self.path)) as source:
            reader = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=indices))
            for batch in range(reader.num_record_batches):
                yield pa.Table.from_batches([reader.get_batch(batch)]).select(list(columns))


@dataclass(frozen=True)
class TrainingRows:
    """Holds the rows that encoders are fitted on: those of ``rows`` where ``mask`` [n] is true."""

    rows: RawRows
    mask: Bool

    @classmethod
    def of(cls, rows: pa.Table | RawRows, mask: Bool) -> "TrainingRows":
        """Return the rows of a table, or of a file, where the mask is true.

        Raises:
            DataError: when there are not as many rows as the mask has.
        """
        found = TableRows(rows) if isinstance(rows, pa.Table) else rows
        if len(found) != len(mask):
            raise DataError(f"{len(found)} raw rows beside a mask of {len(mask)}")
        return cls(found, mask)

    def parts(self, columns: Sequence[str], name: str) -> Iterator[pa.Table]:
        """Yield some columns of the training rows, part by part.

        Args:
            columns: their names.
            name: the field's name, for errors.

        Raises:
            DataError: when there is no such column.
        """
        for column in columns:
            check_column(self.rows.schema, column, name)
        start = 0
        for part in self.rows.parts(columns):
            yield part.filter(pa.array(self.mask[start : start + len(part)]))
            start += len(part)

    def empty_table(self) -> pa.Table:
        """Return a table of all columns and no row."""
        return next(self.rows.parts(self.rows.schema.names)).slice(0, 0)


def check_column(schema: pa.Schema, column: str, name: str) -> None:
    """Check that a table has a column once.

    Args:
        schema: the table's.
        column: the column's name.
        name: the field's name, for errors.

    Raises:
        DataError: when the table lacks the column, or has it twice.
    """
    found = schema.names.count(column)
    if found != 1:
        raise DataError(
            f"{name}: {found or 'no'} columns {column!r} in a table of {len(schema)} columns",
            fix=f"give each of the columns of the spec once; there are {', '.join(schema.names[:20])}",
        )
