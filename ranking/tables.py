"""Reading a task's Parquet files in DuckDB: quoted names, bound paths, errors that name the file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from embedding_features.errors import DataError


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection."""
    connection = duckdb.connect()
    try:
        yield connection
    finally:
        connection.close()


def quoted(name: str) -> str:
    """An identifier that may stand in SQL."""
    return '"' + name.replace('"', '""') + '"'


def column_types(connection: duckdb.DuckDBPyConnection, path: Path, columns: Iterable[str]) -> dict[str, str]:
    """DuckDB types of ``columns`` of a Parquet file or glob.

    Raises:
        DataError: when the file cannot be read or lacks a column.
    """
    try:
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(path)]).fetchall()
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read: {error}", fix="name a Parquet file or glob") from None
    types = {row[0]: row[1] for row in described}
    for column in columns:
        if column not in types:
            raise DataError(f"{path} has no column {column!r}", fix=f"name one of {sorted(types)}")
    return {column: types[column] for column in columns}
