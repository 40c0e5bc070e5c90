"""A snapshot's columns in batches, so that a table of any length is read in bounded memory."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.arrays import I64, AnyArray
from embedding_features.artifact import Kind, Snapshot

_ROWS = 1 << 16


def column_batches(
    snapshot: Snapshot, node_type: str, kind: Kind, column: str
) -> Iterator[tuple[int, pa.Array]]:
    """Yield (first row, values) of one column, 65,536 rows at a time; other columns are not read.

    Raises:
        SnapshotError: when the snapshot has no such table.
    """
    start = 0
    with pq.ParquetFile(snapshot.path(node_type, kind), memory_map=True) as file:
        for batch in file.iter_batches(batch_size=_ROWS, columns=[column]):
            yield start, batch.column(0)
            start += len(batch)


def all_ids(snapshot: Snapshot, node_type: str) -> pa.Array:
    """Return the ids of a node type, by row."""
    with pq.ParquetFile(snapshot.path(node_type, "vector"), memory_map=True) as file:
        return file.read(columns=[f"{node_type}_id"]).column(0).combine_chunks()


def values_at(snapshot: Snapshot, node_type: str, kind: Kind, column: str, rows: I64) -> pa.Array:
    """Return the values of one column at ``rows``, at least one, in their order."""
    order = np.argsort(rows, kind="stable")
    ascending, found = rows[order], []
    for start, values in column_batches(snapshot, node_type, kind, column):
        low, high = np.searchsorted(ascending, [start, start + len(values)])
        found.append(values.take(pa.array(ascending[low:high] - start)))
    return pa.concat_arrays(found).take(pa.array(np.argsort(order)))


def matrix(lists: pa.Array) -> AnyArray:
    """Return [n, m] values of n ≥ 1 lists of m."""
    values: AnyArray = lists.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(lists), -1)
