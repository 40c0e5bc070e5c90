"""Parquet files grouped by their columns, so that no file's types decide over another's."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.sources.folders import folder_columns
from embedding_features.sources.opened import FILE, TEXT, FileGroup, selected_folders, without_nan
from embedding_features.sources.sql import Subject, literal, literals


def parquet_groups(con: Any, files: Sequence[str], subject: Subject) -> list[FileGroup]:
    """Return the files in groups; within a group all have the same columns of the same types.

    Raises:
        subject.error: when a file is no Parquet, or has two columns of one name.
    """
    groups: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], list[str]] = {}
    for path in files:
        columns = _columns(path, subject)
        folders = folder_columns(path, (name for name, _ in columns))
        groups.setdefault((columns, folders), []).append(path)
    return [_group(con, paths, folders, subject) for (_, folders), paths in groups.items()]


def _columns(path: str, subject: Subject) -> tuple[tuple[str, str], ...]:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise subject.refusal(f"{path} cannot be read: {error}", "write it again, or remove it") from None
    lower = [name.lower() for name in schema.names]
    for name in schema.names:
        if lower.count(name.lower()) > 1:
            raise subject.refusal(
                f"{path} names the column {name!r} twice", "rename one; upper and lower case do not count"
            )
    return tuple(sorted((field.name, str(field.type)) for field in schema))


def _group(con: Any, files: list[str], folders: tuple[str, ...], subject: Subject) -> FileGroup:
    # by name, for files of a group may have their columns in another order; a folder's column, of which
    # DuckDB would guess the type, never stands in the place of a file's own
    options = f"union_by_name = true, hive_partitioning = false, filename = {literal(FILE)}"
    with subject.named():
        rows = con.execute(
            f"DESCRIBE FROM read_parquet({literal(files[0])}, hive_partitioning = false)"
        ).fetchall()
    kinds = {row[0]: row[1] for row in rows}
    selected = without_nan(kinds) + selected_folders(folders)
    sql = f"SELECT {selected} FROM read_parquet({literals(files)}, {options})"  # noqa: S608 - literals
    return FileGroup(tuple(files), sql, kinds | dict.fromkeys(folders, TEXT), folders=folders)
