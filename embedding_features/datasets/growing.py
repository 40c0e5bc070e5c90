"""Parquet files that are written row group by row group, from numpy columns."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.datasets.clicks import BLOCK
from embedding_features.datasets.planted import Columns

_TYPES = {
    "timestamp": pa.timestamp("us", tz="UTC"),
    "joined": pa.timestamp("us", tz="UTC"),
    "released": pa.timestamp("us", tz="UTC"),
}


class GrowingTables:
    """Writes Parquet files in a folder, row group by row group, and counts their rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: dict[str, int] = {}

    def __enter__(self) -> "GrowingTables":
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def append(self, name: str, columns: Columns) -> None:
        """Add a row group to the file ``name``."""
        table = _table(columns)
        if name not in self._writers:
            # smaller and faster to write than a dictionary: ids are dense, times go up
            whole = {f.name: "DELTA_BINARY_PACKED" for f in table.schema if _is_int64(f.type)}
            path = self._folder / f"{name}.parquet"
            writer = pq.ParquetWriter(path, table.schema, use_dictionary=False, column_encoding=whole)
            self._writers[name] = writer
            self.rows[name] = 0
        self._writers[name].write_table(table)
        self.rows[name] += table.num_rows


def _is_int64(kind: pa.DataType) -> bool:
    return bool(pa.types.is_int64(kind) or pa.types.is_timestamp(kind))


def _table(columns: Columns) -> pa.Table:
    """Return columns as a table; those of two dimensions become fixed-size lists, times UTC microseconds."""
    arrays = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        if values.ndim == 2
        else pa.array(values, _TYPES.get(name))
        for name, values in columns.items()
    }
    return pa.table(arrays)


def write_columns(folder: Path, name: str, columns: Columns) -> dict[str, int]:
    """Write one file of several row groups, and return its rows."""
    with GrowingTables(folder) as tables:
        n = len(next(iter(columns.values())))
        for first in range(0, max(n, 1), BLOCK):
            tables.append(name, {c: values[first : first + BLOCK] for c, values in columns.items()})
    return tables.rows
