"""Published tables, decoded once into Arrow files that are mapped into memory ever after.

Beside ``<type>_<kind>.parquet`` in a published snapshot lies the hidden file
``.<type>_<kind>.<checksum>-<size>-<mtime>.arrow``: the table without its two timestamps, which are the same
in all rows and go into the file's metadata. It may be removed at any time; a Parquet file that was changed or
restored gets a new one.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.artifact import Snapshot
from embedding_features.artifact.tables import TIMES, read_table
from embedding_features.errors import SnapshotError
from embedding_features.files import atomic_file, sha256_file
from embedding_features.store.moments import STAMP


@dataclass(frozen=True)
class Decoded:
    """Holds one table of one published snapshot, mapped into memory.

    Attributes:
        table: id and features, in one piece.
        as_of: µs, the event time of every row.
        created: µs, when every row was created; None when that is null.
    """

    table: pa.Table
    as_of: int
    created: int | None


def open_decoded(files: Sequence[str]) -> list[Decoded] | None:
    """Return the tables of published snapshots, by time; those not yet decoded are decoded now.

    Returns:
        None when a file is not the unaltered table of a published snapshot with one row an id and one moment:
        then only its rows can say what is in it.

    Raises:
        OSError: when the decoded file cannot be written.
    """
    decoded = []
    for name in files:
        path = Path(name)
        stat = path.stat()
        found = _open(path, stat.st_size, stat.st_mtime_ns)
        if found is None:
            return None
        decoded.append(found)
    return sorted(decoded, key=lambda d: (d.as_of, -(2**63) if d.created is None else d.created))


@lru_cache(maxsize=4096)
def _open(path: Path, size: int, mtime: int) -> Decoded | None:
    """Return one table; the arguments say that the file is still the same."""
    try:
        checksum = Snapshot.open(path.parent, verify=False).manifest.files.get(path.name)
    except SnapshotError:
        return None
    if checksum is None:
        return None
    target = path.parent / f".{path.stem}.{checksum[:16]}-{size}-{mtime}.arrow"
    if target.is_file():
        with suppress(pa.ArrowInvalid, KeyError):  # damaged: made anew
            return _map(target)
    return _map(target) if _decode(path, checksum, target) else None


def _map(target: Path) -> Decoded:
    with pa.memory_map(str(target)) as file:
        table = pa.ipc.open_file(file).read_all()
    as_of, created = (table.schema.metadata[name.encode()].decode() for name in TIMES)
    return Decoded(table, int(as_of), int(created) if created else None)


def _decode(path: Path, checksum: str, target: Path) -> bool:
    """Write the mapped file of a table; False when the table is not as publishing makes it."""
    if sha256_file(path) != checksum:
        return False
    table = read_table(path)
    ids = table.column(0)
    if not len(table) or not {*TIMES} <= {*table.column_names}:
        return False
    if ids.null_count or pc.count_distinct(ids).as_py() != len(ids):
        return False
    moments = [table.column(name).unique() for name in TIMES]
    if any(len(values) != 1 for values in moments) or moments[0].null_count:
        return False
    as_of, created = (values.cast(STAMP).cast(pa.int64())[0].as_py() for values in moments)
    stamps = {TIMES[0]: str(as_of), TIMES[1]: "" if created is None else str(created)}
    plain = table.drop_columns(list(TIMES)).combine_chunks().replace_schema_metadata(stamps)
    for stale in path.parent.glob(f".{path.stem}.*.arrow"):
        stale.unlink(missing_ok=True)
    with atomic_file(target) as temporary, pa.ipc.new_file(temporary, plain.schema) as writer:
        writer.write_table(plain, max_chunksize=len(plain))
    return True
