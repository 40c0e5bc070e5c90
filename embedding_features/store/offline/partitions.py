"""Columns that are in the names of folders, as ``day=2024-01-02``, and not in the files."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from embedding_features.sources.folders import partitions
from embedding_features.sources.sql import literal

_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")


def partition_type(values: Sequence[str | None]) -> pa.DataType:
    """Find the type of a column of all files: integers, days, else text; 007 is text."""
    known = [value for value in values if value is not None]
    if not known:
        return pa.null()
    if all(map(_INTEGER.fullmatch, known)):
        return pa.int64()
    return pa.date32() if all(map(_is_day, known)) else pa.string()


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def partition_sql(files: Sequence[str], name: str, dtype: pa.DataType) -> str:
    """The value of a row of these files, read as a table ``s``."""
    kind = {pa.int64(): "BIGINT", pa.date32(): "DATE"}.get(dtype, "VARCHAR")
    values: list[Mapping[str, str | None]] = [partitions(file) for file in files]
    texts = ("NULL" if value[name] is None else literal(str(value[name])) for value in values)
    return f"([{', '.join(texts)}]::{kind}[])[s.file_index::BIGINT + 1]"
