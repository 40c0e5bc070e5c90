"""The Parquet files of a source, and what their footers say."""

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePath

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.errors import StoreError

_WILD = re.compile(r"[*?\[]")


def source_files(path: str) -> list[str]:
    """List the Parquet files of a file, a folder or a glob, sorted and each once.

    A folder stands for every ``*.parquet`` below it. What other engines hide or have not finished is no data:
    below a folder or a wildcard, names that begin with ``.`` or ``_`` are passed over (``_temporary``,
    ``.part-0.parquet``; not ``_day=1``, a partition) unless the pattern itself says so.

    The list is made once a query, as a publication may add a file between two queries.

    Raises:
        StoreError: when there is no file.
    """
    pattern = f"{_escaped(path)}/**/*.parquet" if Path(path).is_dir() else path
    with duckdb.connect(":memory:") as con:
        found = [
            row[0] for row in con.execute("SELECT file FROM glob(?) ORDER BY file", [pattern]).fetchall()
        ]
    once: dict[str, str] = {}
    for file in found:
        if not _is_hidden(file, pattern) and Path(file).is_file():
            once.setdefault(os.path.realpath(file), file)  # links may name a file again, or run in a circle
    if not once:
        raise StoreError(f"no Parquet file at {path}", fix="check the path of the view's source")
    return list(once.values())


def _escaped(path: str) -> str:
    """A path as a pattern that matches itself."""
    return re.sub(r"([*?\[])", r"[\1]", path.rstrip("/"))


def _is_hidden(file: str, pattern: str) -> bool:
    parts = PurePath(pattern).parts
    fixed = next((i for i, part in enumerate(parts) if _WILD.search(part)), len(parts))
    asked = {part[0] for part in parts[fixed:] if part[0] in "._"}
    below = PurePath(file).parts[fixed:]
    return any(p[0] in {".", "_"} - asked and not (p[0] == "_" and "=" in p) for p in below)


def footers(files: Sequence[str]) -> list[tuple[pa.Schema, pq.FileMetaData]]:
    """Read the schema and the metadata of each file; those of an unchanged file are read once.

    Raises:
        StoreError: when a file is no Parquet, or is gone.
    """
    return [_footer_of(Path(file)) for file in files]


def _footer_of(path: Path) -> tuple[pa.Schema, pq.FileMetaData]:
    try:
        stat = path.stat()
        return _footer(path, stat.st_size, stat.st_mtime_ns)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{path} cannot be read as Parquet: {error}", fix="finish, replace or remove the file"
        ) from error


@lru_cache(maxsize=1024)
def _footer(path: Path, size: int, mtime: int) -> tuple[pa.Schema, pq.FileMetaData]:  # noqa: ARG001
    with pq.ParquetFile(path) as file:
        return file.schema_arrow, file.metadata
