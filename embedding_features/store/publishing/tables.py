"""Checks of a published table for what the stock stores would take in silence, and serve."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.artifact import Kind, Snapshot
from embedding_features.artifact.tables import TIMES
from embedding_features.errors import LeakError, SnapshotError
from embedding_features.store.moments import EVENT, STAMP

_AGAIN = "derive and write the snapshot again"


def check_table(snapshot: Snapshot, node_type: str, kind: Kind) -> None:
    """Check a table for null or double ids, bad lists, and rows of another moment.

    Bad lists are ragged or non-finite vectors, and lists with nulls inside.

    Raises:
        LeakError: when a row's ``event_timestamp`` is not ``as_of``.
        SnapshotError: on any other broken rule.
    """
    manifest, table = snapshot.manifest, snapshot.table(node_type, kind)
    where, key = str(snapshot.path(node_type, kind)), f"{node_type}_id"
    record = manifest.nodes[node_type]
    wanted = {key: pa.int64() if record.id_type == "int64" else pa.string(), **dict.fromkeys(TIMES, STAMP)}
    for name, dtype in wanted.items():
        if name not in table.column_names or table.schema.field(name).type != dtype:
            raise SnapshotError(f"{where} has no column {name} of type {dtype}", fix=_AGAIN)
    ids = table.column(key)
    distinct = len(pc.unique(ids))
    if ids.null_count or not len(ids) == distinct == record.count:
        raise SnapshotError(
            f"{where} has {len(ids)} rows, {ids.null_count} null and {distinct} distinct ids, "
            f"but the manifest says {record.count}",
            fix=_AGAIN,
        )
    moments = set(pc.unique(table.column(EVENT)).to_pylist())
    if moments - {manifest.as_of}:
        raise LeakError(
            f"{where} has rows of {sorted(map(str, moments))}, but as_of is {manifest.as_of}",
            fix="write the snapshot again as of that moment",
        )
    for name in table.column_names:
        if name not in wanted:
            _check_lists(table.column(name), manifest.space.dim if name == "vector" else None, where, name)


def _check_lists(column: pa.ChunkedArray, dim: int | None, where: str, name: str) -> None:
    """Check a column of lists."""
    flat = pc.list_flatten(column)
    if column.null_count or flat.null_count:
        raise SnapshotError(f"{where} has nulls in or inside {name}", fix=_AGAIN)
    if dim is not None and pc.any(pc.not_equal(pc.list_value_length(column), dim)).as_py():
        raise SnapshotError(f"{where} has in {name} other lengths than {dim}", fix=_AGAIN)
    if pa.types.is_floating(flat.type) and not all(np.isfinite(c.to_numpy()).all() for c in flat.chunks):
        raise SnapshotError(f"{where} has NaN or infinity in {name}", fix=_AGAIN)
