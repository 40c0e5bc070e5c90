"""The entity frame of a call that brings none: the keys and times that the sources have in a span."""
# ruff: noqa: S608

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.errors import DataError
from embedding_features.sources.sql import quoted
from embedding_features.store.moments import EVENT
from embedding_features.store.offline.files import library_errors, source_files
from embedding_features.store.offline.joins import Join
from embedding_features.store.offline.keys import key_type
from embedding_features.store.offline.reading import (
    moment_of,
    reading_of,
    refuse_changed,
    type_of,
)
from embedding_features.store.offline.sql import rows_sql
from embedding_features.store.offline.typed_files import parts_of


def entities_of_sources(joins: Sequence[Join], start: datetime, end: datetime) -> pa.Table:
    """Return each key and event time of the views' sources once, both ends of the span included.

    Returns:
        ``event_timestamp`` and the keys of all views, by time, then key; null are those that the view of a
        row does not have. Rows without a key are left out, as nothing can be joined to them.

    Raises:
        DataError: when the span is empty, or a key has several types.
        StoreError: when a source cannot be read.
    """
    if start > end:
        raise DataError(f"start_date {start} is after end_date {end}", fix="exchange them")
    try:
        found = pa.concat_tables([_rows(j, start, end) for j in joins], promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(
            f"the views' keys differ in type: {error}", fix="give the keys of one name one type"
        ) from error
    names = [EVENT, *(name for name in found.column_names if name != EVENT)]
    distinct = found.group_by(names).aggregate([]).select(names)
    return distinct.take(pc.sort_indices(distinct, [(name, "ascending") for name in names]))


def _rows(join: Join, start: datetime, end: datetime) -> pa.Table:
    what, files = f"view {join.view}", source_files(join.path)
    names = join.source_columns(files)
    with (
        library_errors(f"reading the keys of {what}", "check the files of its source"),
        duckdb.connect() as con,
    ):
        con.execute("SET TimeZone = 'UTC'")
        parts = parts_of(what, files, dict.fromkeys(names.values()))
        readings = {"t": moment_of(what, parts, names[join.event])}
        for number, (ours, _) in enumerate(join.keys):
            declared = join.types.get(ours)
            dtype = key_type(type_of(what, parts, names[ours], declared, key=True), declared)
            readings[f"k{number}"] = reading_of(what, parts, names[ours], dtype)
        refuse_changed(con, what, parts, list(readings.values()))
        named_as = zip(readings, [EVENT, *(theirs for _, theirs in join.keys)], strict=True)
        columns = ", ".join(f"{alias} AS {quoted(name)}" for alias, name in named_as)
        known = " AND ".join(["t BETWEEN ? AND ?", *(f"k{i} IS NOT NULL" for i in range(len(join.keys)))])
        sql = f"SELECT DISTINCT {columns} FROM ({rows_sql(parts, readings)}) WHERE {known}"
        return con.execute(sql, [start, end]).to_arrow_table()
