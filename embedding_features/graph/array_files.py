"""CSR and Arrow tables as files that are mapped into memory instead of read."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from embedding_features.arrays import AnyArray
from embedding_features.graph.csr import CSR


def write_csr(stem: Path, csr: CSR) -> None:
    """Write ``<stem>.indptr.npy``, ``.indices.npy``, and where it has them ``.weight.npy``, ``.time.npy``."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, AnyArray | None] = {
        "indptr": csr.indptr,
        "indices": csr.indices,
        "weight": csr.weight,
        "time": csr.time,
    }
    for name, array in arrays.items():
        if array is not None:
            np.save(_array_path(stem, name), array, allow_pickle=False)


def map_csr(stem: Path, columns: int, weight: bool, time: bool) -> CSR:
    """Return the CSR that :func:`write_csr` wrote, as read-only arrays over the files."""
    return CSR(
        _map(stem, "indptr"),
        _map(stem, "indices"),
        columns,
        _map(stem, "weight") if weight else None,
        _map(stem, "time") if time else None,
    )


def _array_path(stem: Path, name: str) -> Path:
    return stem.with_name(f"{stem.name}.{name}.npy")


def _map(stem: Path, name: str) -> AnyArray:
    # a plain read-only array: kernels compile once for it, not again for np.memmap
    return np.asarray(np.load(_array_path(stem, name), mmap_mode="r", allow_pickle=False))


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as an Arrow IPC file of one record batch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def map_table(path: Path) -> pa.Table:
    """Return the table that :func:`write_table` wrote, its buffers over the file."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def only_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return the values of a column of one chunk at most, without a copy."""
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)
