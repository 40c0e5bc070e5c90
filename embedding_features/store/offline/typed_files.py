"""The files of a source in groups of equal types, none of which decides for another."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from embedding_features.errors import DataError
from embedding_features.sources.folders import partitions
from embedding_features.sources.sql import literal, quoted
from embedding_features.store.offline.files import footers
from embedding_features.store.offline.types import plain

#: what DuckDB calls the place of a row; a column of that name would stand for it
_ROW_COLUMNS = ("file_index", "file_row_number")
#: a text that is an integer and nothing else, so that 007 stays text
_WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


@dataclass(frozen=True)
class TypedFiles:
    """Holds files whose needed columns have equal types.

    Attributes:
        files: their paths.
        first: number of the first of them among all files of the source.
        types: plain type of each needed column.
        folders: the needed columns that are in the names of folders, not in the files.
    """

    files: tuple[str, ...]
    first: int
    types: dict[str, pa.DataType]
    folders: frozenset[str]

    @property
    def sql(self) -> str:
        """Return the files as a table ``s``.

        A folder's column never stands in the place of a file's own.
        """
        return f"read_parquet([{', '.join(map(literal, self.files))}], hive_partitioning = false) s"

    def column(self, name: str) -> str:
        """Return a needed column of the table ``s``, as SQL."""
        if name in self.folders:
            return _partition_sql(self.files, name, self.types[name])
        return f"s.{quoted(name)}"


def parts_of(what: str, files: Sequence[str], names: Collection[str]) -> list[TypedFiles]:
    """Return files grouped by the types of the columns ``names``; files without rows only if all are.

    Args:
        what: whose files these are, for messages.
        files: their paths.
        names: the columns that are needed.

    Raises:
        DataError: when a file lacks a column, or has it twice.
        StoreError: when a file cannot be read.
    """
    read = list(zip(files, footers(files), strict=True))
    for file, (schema, _) in read:
        _check(what, file, schema, names)
    filled = [(file, schema) for file, (schema, metadata) in read if metadata.num_rows]
    kept = filled or [(file, schema) for file, (schema, _) in read]
    in_folders = {
        n: _partition_type([partitions(f).get(n) for f, s in kept if n not in s.names]) for n in names
    }
    groups: dict[tuple[tuple[pa.DataType, bool], ...], list[str]] = {}
    for file, schema in kept:
        types = [
            (plain(schema.field(n).type), False) if n in schema.names else (in_folders[n], True)
            for n in names
        ]
        groups.setdefault(tuple(types), []).append(file)
    parts: list[TypedFiles] = []
    for found, members in groups.items():
        first = sum(len(part.files) for part in parts)
        columns = dict(zip(names, found, strict=True))
        folders = frozenset(name for name, (_, is_folder) in columns.items() if is_folder)
        parts.append(TypedFiles(tuple(members), first, {n: t for n, (t, _) in columns.items()}, folders))
    return parts


def _check(what: str, file: str, schema: pa.Schema, names: Iterable[str]) -> None:
    lower = [name.lower() for name in schema.names]
    for name in names:
        if name not in schema.names and name not in partitions(file):
            raise DataError(
                f"{what} needs column {name}; {file} has {schema.names}",
                fix="write the column in every file, or change the view",
            )
        if lower.count(name.lower()) > 1:
            raise DataError(
                f"{what} needs column {name}, and {file} has several of that name, apart from case",
                fix="rename the others",
            )
    reserved = [name for name in schema.names if name.lower() in _ROW_COLUMNS]
    if reserved:
        raise DataError(f"{what}: {file} has a column {reserved[0]}, as DuckDB calls rows", fix="rename it")


def _partition_type(values: Sequence[str | None]) -> pa.DataType:
    """Return the type of a folder column of all files: integers, days, else text; 007 is text."""
    known = [value for value in values if value is not None]
    if not known:
        return pa.null()
    if all(map(_WHOLE.fullmatch, known)):
        return pa.int64()
    return pa.date32() if all(map(_is_day, known)) else pa.string()


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _partition_sql(files: Sequence[str], name: str, dtype: pa.DataType) -> str:
    """Return the value of a row of these files, read as a table ``s``, as SQL."""
    kind = {pa.int64(): "BIGINT", pa.date32(): "DATE"}.get(dtype, "VARCHAR")
    values: list[Mapping[str, str | None]] = [partitions(file) for file in files]
    texts = ("NULL" if value[name] is None else literal(str(value[name])) for value in values)
    return f"([{', '.join(texts)}]::{kind}[])[s.file_index::BIGINT + 1]"
