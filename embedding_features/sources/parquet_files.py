"""Parquet files grouped by their columns, so that no file's types decide over another's."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.sources.opened import FILE, Part, without_nan
from embedding_features.sources.sql import Subject, literal, literals


def parquet_parts(con: Any, files: Sequence[str], subject: Subject) -> list[Part]:
    """Group files by their columns' names and types.

    Raises:
        subject.error: when a file is no Parquet, or has two columns of one name.
    """
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for path in files:
        groups.setdefault(_columns(path, subject), []).append(path)
    return [_part(con, paths, subject) for paths in groups.values()]


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


def _part(con: Any, files: list[str], subject: Subject) -> Part:
    # by name, for files of a group may have their columns in another order
    read = f"read_parquet({literals(files)}, union_by_name = true, filename = {literal(FILE)})"
    with subject.named():
        rows = con.execute(f"DESCRIBE FROM read_parquet({literal(files[0])})").fetchall()
    kinds = {row[0]: row[1] for row in rows}
    return Part(tuple(files), f"SELECT {without_nan(kinds)} FROM {read}", kinds)  # noqa: S608 - literals
