"""The Parquet files of a source, and what their footers say."""

import glob
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.errors import StoreError
from embedding_features.sources.files import find_files
from embedding_features.sources.sql import Subject


def library_errors(doing: str, fix: str) -> AbstractContextManager[None]:
    """Turn exceptions of DuckDB, Arrow and the system into StoreErrors that say what was being done.

    Errors of this library, and Feast's, pass.

    Args:
        doing: what, as "reading a source".
        fix: what to do about it.
    """
    return Subject(f"{doing} failed", StoreError).named(fix, (pa.ArrowException, OSError))


def source_files(path: str) -> list[str]:
    """List the Parquet files of a file, a folder or a glob, sorted and each once.

    A folder stands for every ``*.parquet`` below it; what is no data is passed over, as
    :func:`.find_files` has it.
    The list is made once a query, as a publication may add a file between two queries.

    Raises:
        StoreError: when there is no file, or one cannot be had.
    """
    pattern = f"{glob.escape(path.rstrip('/'))}/**/*.parquet" if Path(path).is_dir() else path
    return find_files(pattern, Path(), Subject(f"source {path}", StoreError))


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
