"""The entity frame: pandas or Arrow in, Arrow columns and microseconds out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.errors import DataError
from embedding_features.store.moments import EVENT, floor_micros, moment_of


@dataclass(frozen=True)
class EntityFrame:
    """Holds rows that are to be given features.

    Attributes:
        table: the frame as it came, which the result repeats.
        event: name of the column of the rows' times.
        moments: [n] int64 µs since 1970 UTC; null where the time is.
    """

    table: pa.Table
    event: str
    moments: pa.Array

    @classmethod
    def of(cls, entity_df: Any) -> "EntityFrame":
        """Read a frame, of pandas or Arrow, or of polars, as Feast's duckdb store does.

        The times are in ``event_timestamp``, else in the only timestamp column. Text is ISO 8601; times
        without zone are UTC; nanoseconds are rounded down, so that a row sees less rather than more.

        Raises:
            DataError: on an SQL string, no or several candidates, columns that Arrow cannot hold, or times
                that are none.
        """
        try:
            table = _table(entity_df)
            event = _event_column(table)
            return cls(table, event, _micros(table.column(event), event))
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise DataError(
                f"the entity dataframe cannot be read: {error}", fix="give each column values of one type"
            ) from error

    def key(self, name: str, view: str) -> pa.Array:
        """Return a key column in one piece, categories decoded.

        Raises:
            DataError: when the frame has none of this name.
        """
        if name not in self.table.column_names:
            raise DataError(
                f"view {view} needs column {name}; the frame has {self.table.column_names}", fix=f"add {name}"
            )
        column = self.table.column(name).combine_chunks()
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def span(self) -> tuple[datetime | None, datetime | None]:
        """Return the first and last time, UTC."""
        bounds = pc.min_max(self.moments)
        first, last = bounds["min"].as_py(), bounds["max"].as_py()
        return (None if first is None else moment_of(first)), (None if last is None else moment_of(last))


def _table(entity_df: Any) -> pa.Table:
    if isinstance(entity_df, pd.DataFrame):
        return _from_pandas(entity_df)
    if isinstance(entity_df, pa.Table):
        return entity_df
    if hasattr(entity_df, "__arrow_c_stream__"):  # polars, and others
        return pa.table(entity_df)
    raise DataError(
        f"an entity dataframe of type {type(entity_df).__name__}",
        fix="pass a pandas DataFrame or an Arrow table; Feast's duckdb store takes no SQL either",
    )


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    if EVENT in frame.columns:
        times = frame[EVENT].infer_objects()
        if pd.api.types.is_object_dtype(times) or pd.api.types.is_string_dtype(times):
            times = _parsed(times)
        frame = frame.assign(**{EVENT: times})
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _parsed(times: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the moments of text.

    There is no guess which is the day of 03/02, as a label moved later would see the future.
    """
    try:
        return pd.to_datetime(times, utc=True, format="ISO8601")
    except ValueError as error:
        raise DataError(f"{EVENT}: {error}", fix="use timestamps, or text as ISO 8601 has it") from error


def _event_column(table: pa.Table) -> str:
    if EVENT in table.column_names:
        return EVENT
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    if len(times) != 1:
        raise DataError(
            f"the frame has no column {EVENT}, and {len(times)} timestamp columns that could stand for it",
            fix=f"name the column of the rows' times {EVENT}",
        )
    return str(times[0])


def _micros(column: pa.ChunkedArray, name: str) -> pa.Array:
    """Return the times as int64 µs."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if not pa.types.is_timestamp(column.type):
        raise DataError(f"{name} is {column.type}", fix="use timestamps")
    return floor_micros(column).combine_chunks()
