"""Point-in-time joins of any Parquet by DuckDB's ASOF join."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from embedding_features.arrays import I64
from embedding_features.errors import DataError, StoreError
from embedding_features.store.offline.columns import Columns, is_packable
from embedding_features.store.offline.frame import EntityFrame
from embedding_features.store.offline.joins import Join
from embedding_features.store.offline.sql import EMPTY, fetch_sql, match_sql

_BATCH = 1 << 16


def source_files(path: str) -> list[str]:
    """The files of a path or glob, sorted; listed once, as a publication may add one between two queries.

    Raises:
        StoreError: when there is none.
    """
    with duckdb.connect(":memory:") as con:
        files = [row[0] for row in con.execute("SELECT file FROM glob(?) ORDER BY file", [path]).fetchall()]
    if not files:
        raise StoreError(f"no Parquet file at {path}", fix="check the path of the view's source")
    return files


def join_by_asof(join: Join, files: Sequence[str], frame: EntityFrame) -> list[pa.Array]:
    """The features of one view, aligned with the frame: those of the newest ``event`` <= a row's time.

    Of equal event times the newest ``created`` counts, null being the oldest; equal in both is unspecified.

    Raises:
        DataError: when the source lacks a column, or a key is text on one side only.
        StoreError: when DuckDB cannot read the source.
    """
    try:
        # order is kept by row numbers, and DuckDB needs less memory without
        with duckdb.connect(":memory:", config={"preserve_insertion_order": "false"}) as con:
            con.execute("SET TimeZone = 'UTC'")  # of times without zone, as in Feast
            _check_columns(con, join, files, frame)
            matches = _match(con, join, files, frame)
            return _fetch(con, join, files, matches, len(frame.table))
    except duckdb.Error as error:
        raise StoreError(
            f"the join of view {join.view} failed: {error}", fix="check the files of its source"
        ) from error


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


def _check_columns(
    con: duckdb.DuckDBPyConnection, join: Join, files: Sequence[str], frame: EntityFrame
) -> None:
    schema = con.sql(EMPTY, params={"files": list(files)}).to_arrow_table().schema
    times = [join.event, *([join.created] if join.created else [])]
    for name in [*(k for k, _ in join.keys), *times, *(f for f, _ in join.features)]:
        if join.source_column(name) not in schema.names:
            raise DataError(
                f"view {join.view} needs column {join.source_column(name)}; {join.path} has {schema.names}",
                fix="write the column, or change the view",
            )
    for ours, theirs in join.keys:
        dtype, wanted = frame.key(theirs, join.view).type, schema.field(join.source_column(ours)).type
        if _is_text(dtype) != _is_text(wanted) and not pa.types.is_null(dtype):
            raise DataError(f"{theirs} is {dtype}, but view {join.view} has {wanted} keys", fix="cast it")


def _match(con: duckdb.DuckDBPyConnection, join: Join, files: Sequence[str], frame: EntityFrame) -> pa.Table:
    """Columns ``row`` of the frame, and what it sees: ``file`` (its number) and ``place`` (the row in it)."""
    moments = frame.moments
    rows = pa.array(np.arange(len(moments)))
    keys = {f"k{i}": frame.key(theirs, join.view) for i, (_, theirs) in enumerate(join.keys)}
    con.register("labels", pa.table({**keys, "t": moments, "row": rows}))
    found = con.sql(match_sql(join), params={"files": list(files)}).to_arrow_table()
    con.unregister("labels")
    if join.ttl is not None:
        known = pc.fill_null(moments, 0).to_numpy()
        age = known[found.column("row").to_numpy()] - found.column("t").to_numpy()
        found = found.filter(pa.array(age <= join.ttl))
    return found.drop_columns("t")


def _fetch(
    con: duckdb.DuckDBPyConnection, join: Join, files: Sequence[str], matches: pa.Table, rows: int
) -> list[pa.Array]:
    """The features of the matched rows, streamed into place."""
    names = [join.source_column(ours) for ours, _ in join.features]
    columns = Columns(rows, names, _packed(files, names))
    con.register("matches", matches)
    reader = con.sql(fetch_sql(names), params={"files": list(files)}).to_arrow_reader(_BATCH)
    for batch in reader:
        where: I64 = batch.column(0).to_numpy()
        columns.add(where, dict(zip(names, batch.columns[1:], strict=True)))
    return columns.finish(dict(zip(names, reader.schema.types[1:], strict=True)))


def _packed(files: Sequence[str], names: Sequence[str]) -> dict[str, pa.DataType]:
    """The columns of which every file says that they are lists of one length, without a null."""
    packed: dict[str, pa.DataType] = {}
    for number, path in enumerate(files):
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            good = {
                n: schema.field(n).type
                for n in names
                if n in schema.names and is_packable(schema.field(n).type) and _without_null(file.metadata, n)
            }
        packed = good if number == 0 else {n: t for n, t in packed.items() if good.get(n) == t}
    return packed


def _without_null(metadata: pq.FileMetaData, name: str) -> bool:
    leaves = [i for i in range(metadata.num_columns) if metadata.schema.column(i).path.split(".")[0] == name]
    chunks = [metadata.row_group(g).column(i) for g in range(metadata.num_row_groups) for i in leaves]
    counts = [c.statistics.null_count if c.statistics and c.statistics.has_null_count else 1 for c in chunks]
    return len(leaves) == 1 and not any(counts)
