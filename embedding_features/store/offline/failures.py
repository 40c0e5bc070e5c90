"""DuckDB's, Arrow's and the system's own exceptions, said in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from embedding_features.errors import StoreError


@contextmanager
def named(what: str, fix: str) -> Iterator[None]:
    """Turn exceptions of the libraries below into errors that say what was being done.

    Raises:
        StoreError: in place of theirs; our own errors, and Feast's, pass.
    """
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise StoreError(f"{what} failed: {error}", fix=fix) from error
