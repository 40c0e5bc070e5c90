"""Point-in-time joins of any Parquet by DuckDB's ASOF join."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.store.offline.columns import ResultColumns, packed_types
from embedding_features.store.offline.files import library_errors
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.joins import Join
from embedding_features.store.offline.keys import cast_keys, key_type
from embedding_features.store.offline.reading import (
    Reading,
    reading_of,
    refuse_changed,
    refuse_value,
    time_of,
    type_of,
)
from embedding_features.store.offline.sql import changed_sql, fetch_sql, match_sql, rows_sql
from embedding_features.store.offline.typed_files import TypedFiles, parts_of

_BATCH = 1 << 16


@dataclass(frozen=True)
class _Source:
    """Says how the source of a view is read.

    ``times`` are its event and, if there is one, its created time.
    """

    what: str
    parts: list[TypedFiles]
    keys: list[Reading]
    times: list[Reading]
    features: list[Reading]


def join_by_asof(join: Join, files: Sequence[str], frame: EntityFrame) -> list[pa.Array]:
    """Return the features of one view, aligned with the frame: of the newest ``event`` <= a row's time.

    Of equal event times the newest ``created`` counts, null being the oldest; equal in both is unspecified.

    Raises:
        DataError: when a file lacks a column, or has values of another kind than the view's or the frame's.
        StoreError: when DuckDB cannot read the source.
    """
    # order is kept by row numbers, and DuckDB needs less memory without
    settings = {"preserve_insertion_order": "false"}
    what = f"the join of view {join.view}"
    with (
        library_errors(what, "check the files of its source"),
        duckdb.connect(":memory:", config=settings) as con,
    ):
        con.execute("SET TimeZone = 'UTC'")  # of times without zone, as in Feast
        source, keys = _open(join, files, frame)
        refuse_changed(con, source.what, source.parts, [*source.keys, *source.times])
        matches = _match(con, join, source, keys, frame)
        return _fetch(con, source, matches, len(frame.table))


def _open(join: Join, files: Sequence[str], frame: EntityFrame) -> tuple[_Source, list[pa.Array]]:
    """Return the source, and the frame's keys in types that compare with its keys."""
    what, names = f"view {join.view}", join.source_columns(files)
    parts = parts_of(what, files, dict.fromkeys(names.values()))
    keys, arrays = [], []
    for ours, theirs in join.keys:
        declared = join.types.get(ours)
        dtype = key_type(type_of(what, parts, names[ours], declared, key=True), declared)
        arrays.append(cast_keys(frame.key(theirs, join.view), dtype, theirs, join.view))
        keys.append(reading_of(what, parts, names[ours], dtype))
    times = [time_of(what, parts, names[n]) for n in (join.event, join.created) if n]
    features = []
    for feature, _ in join.features:
        dtype = type_of(what, parts, names[feature], join.types.get(feature))
        features.append(reading_of(what, parts, names[feature], dtype))
    return _Source(what, parts, keys, times, features), arrays


def _match(
    con: duckdb.DuckDBPyConnection, join: Join, source: _Source, keys: list[pa.Array], frame: EntityFrame
) -> pa.Table:
    """Return columns ``row`` of the frame, and what it sees.

    That is ``file`` (its number) and ``place`` (the row in it).
    """
    moments = frame.moments
    rows = pa.array(np.arange(len(moments)))
    labels = {f"k{i}": key for i, key in enumerate(keys)}
    con.register("labels", pa.table({**labels, "t": moments, "row": rows}))
    readings = {f"k{i}": reading for i, reading in enumerate(source.keys)}
    readings |= dict(zip("tc", source.times, strict=False))
    sql = match_sql(rows_sql(source.parts, readings), len(keys), bool(join.created), join.guarded)
    found = con.sql(sql).to_arrow_table()
    con.unregister("labels")
    if join.ttl is not None:
        known = pc.fill_null(moments, 0).to_numpy()
        age = known[found.column("row").to_numpy()] - found.column("t").to_numpy()
        found = found.filter(pa.array(age <= join.ttl))
    return found.drop_columns("t")


def _fetch(con: duckdb.DuckDBPyConnection, source: _Source, matches: pa.Table, rows: int) -> list[pa.Array]:
    """Return the features of the matched rows, streamed into place."""
    names = [str(i) for i in range(len(source.features))]
    packed = packed_types(source.parts, dict(zip(names, [f.name for f in source.features], strict=True)))
    columns, types = ResultColumns(rows, names, packed), {}
    con.register("matches", matches)
    for number, part in enumerate(source.parts):
        for feature in source.features:
            if feature.casts[number].bad:
                for file, value in con.sql(changed_sql(part, number, feature)).fetchall():
                    refuse_value(source.what, part.files[file], part.types[feature.name], feature, value)
        reader = con.sql(fetch_sql(part, number, source.features)).to_arrow_reader(_BATCH)
        for batch in reader:
            where: I64 = batch.column(0).to_numpy()
            columns.add(where, dict(zip(names, batch.columns[1:], strict=True)))
        types = dict(zip(names, reader.schema.types[1:], strict=True))
    return columns.finish(types)
