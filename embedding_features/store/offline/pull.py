"""All rows of a source, or the newest of each key: what is materialized, validated and monitored."""
# ruff: noqa: S608

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import ibis  # type: ignore[import-untyped]
import pandas as pd
import pyarrow as pa
from feast.infra.offline_stores.duckdb import _write_data_source
from feast.infra.offline_stores.ibis import IbisRetrievalJob
from feast.repo_config import RepoConfig

from embedding_features.sources.sql import literal, quoted
from embedding_features.store.offline.casts import Cast
from embedding_features.store.offline.files import library_errors, source_files
from embedding_features.store.offline.reading import Reading, moment_of, reading_of, refuse_changed, type_of
from embedding_features.store.offline.typed_files import TypedFiles, parts_of

#: what Feast's own store drops: the day by which its logs may be partitioned
_LOG_DAY = "__log_date"
_MEND = "check the files of the source"


class SourceJob(IbisRetrievalJob):  # type: ignore[misc]
    """Is Feast's job over DuckDB, whose errors say what was being done."""

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        with library_errors("reading a source", _MEND):
            frame: pd.DataFrame = super()._to_df_internal(timeout)
        return frame

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        with library_errors("reading a source", _MEND):
            return super()._to_arrow_internal(timeout)

    def persist(self, *args: Any, **settings: Any) -> None:
        """Write the rows to where Feast's store would."""
        with library_errors("writing a saved dataset", "check its path, and the room there"):
            super().persist(*args, **settings)


def pull(
    config: RepoConfig,
    path: str,
    keys: Sequence[str],
    features: Sequence[str],
    event: str,
    created: str | None,
    span: tuple[datetime | None, datetime | None],
    newest: bool,
) -> SourceJob:
    """Return the rows of a source whose event is within a span, both ends included; lazily, in DuckDB.

    The two times are microseconds UTC, whatever the files have (as :mod:`.times` says); the other columns
    have the type of the files or, where these differ, one that holds all their values.

    Args:
        config: the repository's settings.
        path: a file, a folder or a glob.
        keys: key columns.
        features: feature columns.
        event: column of the event time.
        created: column of the created time; None where there is none.
        span: first and last event time; None for no bound.
        newest: of each key only the row with the newest event; of equal ones the newest created, null last.

    Raises:
        DataError: when a file lacks a column, or the files' types have nothing in common.
        StoreError: when a file cannot be read.
    """
    what, times = f"source {path}", [event, *([created] if created else [])]
    names = [n for n in dict.fromkeys([*keys, *features, *times]) if n != _LOG_DAY]
    with library_errors(f"reading {path}", _MEND):
        parts = parts_of(what, source_files(path), names)
        readings = [_reading(what, parts, name, times, keys) for name in names]
        backend = ibis.duckdb.connect()
        backend.con.execute("SET TimeZone = 'UTC'")
        refuse_changed(backend.con, what, parts, readings)
        sql = " UNION ALL ".join(_select(parts, i, readings, event, span) for i in range(len(parts)))
        if newest:
            by = f"PARTITION BY {', '.join(map(quoted, keys))} " if keys else ""
            order = ", ".join(f"{quoted(name)} DESC NULLS LAST" for name in times)
            sql = f"SELECT * FROM ({sql}) QUALIFY row_number() OVER ({by}ORDER BY {order}) = 1"
        backend.con.execute(f"CREATE TEMP VIEW source_rows AS {sql}")
        table = backend.table("source_rows")
    settings = config.offline_store
    stage = (settings.staging_location, settings.staging_location_endpoint_override)
    return SourceJob(table, [], False, None, _write_data_source, *stage, str(config.repo_path))


def _reading(
    what: str, parts: list[TypedFiles], name: str, times: Sequence[str], keys: Sequence[str]
) -> Reading:
    if name in times:
        return moment_of(what, parts, name)
    dtype = type_of(what, parts, name, None, key=name in keys)
    if pa.types.is_timestamp(dtype) and dtype.unit == "ns":  # ibis does not know them all
        return moment_of(what, parts, name, zoned=dtype.tz is not None)
    return reading_of(what, parts, name, dtype)


def _select(
    parts: list[TypedFiles],
    number: int,
    readings: Sequence[Reading],
    event: str,
    span: tuple[datetime | None, datetime | None],
) -> str:
    part = parts[number]
    casts = {reading.name: reading.casts[number] for reading in readings}
    columns = ", ".join(f"{cast.sql} AS {quoted(name)}" for name, cast in casts.items())
    bounds = [
        _bound(casts[event], part.types[event], part.column(event), sign, moment)
        for sign, moment in zip((">=", "<="), span, strict=True)
        if moment
    ]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return f"SELECT {columns} FROM {part.sql}{where}"


def _bound(cast: Cast, have: pa.DataType, column: str, sign: str, moment: datetime) -> str:
    """Return a condition on the event; on the bare column where DuckDB can then pass over row groups."""
    text = literal(str(moment.astimezone(UTC).replace(tzinfo=None)))
    if pa.types.is_timestamp(have) and have.unit != "ns" and have.tz is None:
        return f"{column} {sign} TIMESTAMP {text}"
    return f"{cast.sql} {sign} TIMESTAMPTZ {text}"
