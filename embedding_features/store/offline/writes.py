"""Writes of rows: times in microseconds UTC, and no value that is not what was given."""

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedding_features.errors import DataError, StoreError
from embedding_features.files import atomic_file
from embedding_features.store.moments import STAMP
from embedding_features.store.offline.casts import cast_of
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.types import plain


def microseconds(table: pa.Table) -> pa.Table:
    """Return a table whose nanoseconds are microseconds, rounded up, as a time that is read is."""
    for number, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = pc.ceil_temporal(table.column(number), unit="microsecond")
            table = table.set_column(number, field.name, column.cast(pa.timestamp("us", tz=field.type.tz)))
    return table


def saved(result: pa.Table, frame: EntityFrame) -> pa.Table:
    """Return a result whose times are microseconds: the rows' own UTC, as they were joined."""
    number = result.column_names.index(frame.event)
    return microseconds(result.set_column(number, frame.event, frame.moments.cast(STAMP)))


def append(view: str, path: str, rows: pa.Table) -> None:
    """Append rows to a view's Parquet file, in the types that it has; times in microseconds, rounded up.

    Raises:
        DataError: when the columns are others, or a value would be changed by the type that the file has.
        StoreError: when the source is not one file.
    """
    if not Path(path).is_file():
        raise StoreError(
            f"view {view}: rows can be appended to one Parquet file, and {path} is none",
            fix="write a further file beside the others, or give the view a source of one file",
        )
    with pq.ParquetFile(path) as file:
        there = microseconds(file.read())
    if sorted(rows.column_names) != sorted(there.column_names):
        raise DataError(f"view {view}: rows of {rows.column_names}, and {path} has {there.column_names}")
    given = microseconds(rows).select(there.column_names)
    columns = [_as(view, given.column(field.name), field) for field in there.schema]
    with atomic_file(Path(path)) as target:
        pq.write_table(pa.concat_tables([pa.table(columns, schema=there.schema), there]), target)


def _as(view: str, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """Return a column in the type that the file has."""
    have, want = plain(column.type), plain(field.type)
    times = pa.types.is_timestamp(have) and pa.types.is_timestamp(want)
    if times or cast_of(have, want, "x") is not None:
        with suppress(pa.ArrowInvalid):  # a value that does not fit
            return column.cast(field.type)
    raise DataError(
        f"view {view}: column {field.name} is {have}, and {want} in the file", fix=f"give it as {want}"
    )
