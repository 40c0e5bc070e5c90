"""The files of a source in groups of equal types, none of which decides for another."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from embedding_features.errors import DataError
from embedding_features.graph.source import literal
from embedding_features.store.offline.files import footers
from embedding_features.store.offline.types import plain

#: what DuckDB calls the place of a row; a column of that name would stand for it
_PLACE = ("file_index", "file_row_number")


@dataclass(frozen=True)
class Part:
    """Files whose needed columns have equal types.

    Attributes:
        files: their paths.
        first: number of the first of them among all files of the source.
        types: plain type of each needed column.
    """

    files: tuple[str, ...]
    first: int
    types: dict[str, pa.DataType]

    @property
    def sql(self) -> str:
        """The files as a table ``s``; folders such as ``day=1`` say nothing about what is in a file."""
        return f"read_parquet([{', '.join(map(literal, self.files))}], hive_partitioning = false) s"


def parts_of(what: str, files: Sequence[str], names: Collection[str]) -> list[Part]:
    """Group files by the types of the columns ``names``; files without rows only where all are.

    Args:
        what: whose files these are, for messages.

    Raises:
        DataError: when a file lacks a column, or has it twice.
        StoreError: when a file cannot be read.
    """
    read = list(zip(files, footers(files), strict=True))
    for file, (schema, _) in read:
        _check(what, file, schema, names)
    groups: dict[tuple[pa.DataType, ...], list[str]] = {}
    filled = [(file, schema) for file, (schema, metadata) in read if metadata.num_rows]
    for file, schema in filled or [(file, schema) for file, (schema, _) in read]:
        groups.setdefault(tuple(plain(schema.field(n).type) for n in names), []).append(file)
    parts: list[Part] = []
    for types, members in groups.items():
        first = sum(len(part.files) for part in parts)
        parts.append(Part(tuple(members), first, dict(zip(names, types, strict=True))))
    return parts


def _check(what: str, file: str, schema: pa.Schema, names: Iterable[str]) -> None:
    lower = [name.lower() for name in schema.names]
    for name in names:
        if name not in schema.names:
            raise DataError(
                f"{what} needs column {name}; {file} has {schema.names}",
                fix="write the column in every file, or change the view",
            )
        if lower.count(name.lower()) > 1:
            raise DataError(
                f"{what} needs column {name}, and {file} has several of that name, apart from case",
                fix="rename the others",
            )
    reserved = [name for name in schema.names if name.lower() in _PLACE]
    if reserved:
        raise DataError(f"{what}: {file} has a column {reserved[0]}, as DuckDB calls rows", fix="rename it")
