"""The Parquet tables of a snapshot: checked when written, memory-mapped when read."""

from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import EmbeddingTable
from embedding_features.artifact.kinds import Kind
from embedding_features.errors import DataError, GraphError, SnapshotError
from embedding_features.graph.vocabulary import Vocabulary

TIMES = ("event_timestamp", "created_timestamp")
_TIME = pa.timestamp("us", tz="UTC")
_ROW_GROUP = 1 << 17


def table_file(node_type: str, kind: Kind) -> str:
    """File name of a table in a snapshot folder."""
    return f"{node_type}_{kind}.parquet"


def checked_ids(table: EmbeddingTable) -> Vocabulary:
    """The ids of a table.

    Raises:
        DataError: on a null, a duplicate, or a type other than int64 and string.
    """
    try:
        return Vocabulary.from_ids(table.ids)
    except GraphError as error:
        raise DataError(
            f"{table.node_type}: {error.what}", fix=error.fix or "give each node one row"
        ) from None


def vector_table(table: EmbeddingTable) -> pa.Table:
    """Columns ``<type>_id`` and ``vector``, a fixed-size list of float32 without nulls.

    Raises:
        DataError: on null or duplicate ids, NaN, infinity, or vectors without dimensions.
    """
    ids = checked_ids(table).ids
    if table.dim == 0:
        raise DataError(f"{table.node_type}: vectors of dim 0")
    bad = np.flatnonzero(~np.isfinite(table.vectors).all(axis=1))
    if len(bad):
        raise DataError(
            f"{table.node_type}: {len(bad)} vectors hold NaN or infinity, the first of {table.key} "
            f"{ids[int(bad[0])].as_py()!r}",
            fix="check the weights of the graph, or lower the learning rate",
        )
    values = pa.array(np.ascontiguousarray(table.vectors).reshape(-1))
    return pa.table({table.key: ids, "vector": pa.FixedSizeListArray.from_arrays(values, table.dim)})


def check_derived(table: pa.Table, vectors: pa.Table, name: str) -> None:
    """A derived table has the ids of the vector table, in its order, and no null.

    Raises:
        DataError: naming the table and the column.
    """
    key = vectors.column_names[0]
    if table.column_names[0] != key or not table.column(key).equals(vectors.column(key)):
        raise DataError(
            f"{name}: the ids are not those of the vectors", fix="derive it from these embeddings"
        )
    for column in table.column_names:
        flat = table.column(column)
        if flat.null_count or (pa.types.is_list(flat.type) and flat.combine_chunks().flatten().null_count):
            raise DataError(f"{name}: column {column!r} holds nulls")


def stamped(table: pa.Table, as_of: datetime, created: datetime | None) -> pa.Table:
    """``table`` with its two timestamps; ``created_timestamp`` is null until the snapshot is published."""
    plain = table.drop_columns([c for c in TIMES if c in table.column_names])
    for name, moment in zip(TIMES, (as_of, created), strict=True):
        times = pa.repeat(pa.scalar(moment, _TIME), len(plain)) if moment else pa.nulls(len(plain), _TIME)
        plain = plain.append_column(pa.field(name, _TIME), times)
    return plain


def to_embedding_table(table: pa.Table, node_type: str, catalogue: int) -> EmbeddingTable:
    """The inverse of :func:`vector_table`: the same ids and the same bits."""
    column = table.column("vector").combine_chunks()
    values = column.flatten().to_numpy()
    ids = table.column(f"{node_type}_id").combine_chunks()
    return EmbeddingTable(node_type, ids, values.reshape(len(table), column.type.list_size), catalogue)


def write_table(table: pa.Table, path: Path) -> None:
    """Write Parquet: equal tables, equal bytes (of one pyarrow version)."""
    # A dictionary pays for the repeated timestamps alone; splitting bytes lets zstd shrink float columns.
    floats = ["vector.list.element", "cluster_weights.list.element", "neighbour_scores.list.element"]
    pq.write_table(
        table.replace_schema_metadata(None),
        path,
        compression="zstd",
        use_dictionary=list(TIMES),
        use_byte_stream_split=[f for f in floats if f.split(".")[0] in table.column_names],
        row_group_size=_ROW_GROUP,
    )


def read_table(path: Path) -> pa.Table:
    """Read one Parquet file through a memory map.

    Raises:
        SnapshotError: when it is missing or not Parquet.
    """
    try:
        # ParquetFile, not read_table: that would read columns out of a path such as ``x=1/``.
        with pq.ParquetFile(path, memory_map=True) as file:
            return file.read()
    except FileNotFoundError:
        raise SnapshotError(f"no table at {path}", fix="write the snapshot again") from None
    except pa.ArrowInvalid as error:
        raise SnapshotError(f"{path} is not Parquet: {error}", fix="write the snapshot again") from None


#: rows hashed at once: what is mixed stays in the cache
_HASHED = 1024


def row_hashes(vectors: F32) -> npt.NDArray[np.uint64]:
    """[n] uint64; equal rows have equal hashes, unequal ones in practice different ones."""
    dim = vectors.shape[1]
    odd = np.random.default_rng(0).integers(1, 2**63, dim, np.uint64) * np.uint64(2) + np.uint64(1)
    place = np.arange(1, dim + 1, dtype=np.uint64)
    out = np.empty(len(vectors), np.uint64)
    for start in range(0, len(vectors), _HASHED):
        part = slice(start, start + _HASHED)
        bits = np.ascontiguousarray(vectors[part] + np.float32(0)).view(np.uint32)  # adding 0 turns -0 into 0
        mixed = bits.astype(np.uint64)
        mixed += place
        mixed *= odd
        mixed ^= mixed >> np.uint64(29)
        out[part] = mixed.sum(axis=1, dtype=np.uint64)
    return out
