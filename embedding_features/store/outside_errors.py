"""Errors of Feast and of the system, turned into errors of this library."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from embedding_features.errors import EmbeddingFeaturesError, StoreError

#: warnings and stdout belong to the whole process: two threads that swap them would leave them swapped
_QUIET = threading.RLock()


@contextmanager
def feast_errors(doing: str, fix: str = "see the message of Feast above") -> Iterator[None]:
    """Run Feast without its prints and warnings; what it raises becomes a StoreError."""
    try:
        with _QUIET, warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except EmbeddingFeaturesError:
        raise
    except Exception as error:  # Feast raises whatever its backends raise
        raise StoreError(f"Feast failed {doing}: {type(error).__name__}: {error}", fix=fix) from error


@contextmanager
def file_errors(doing: str) -> Iterator[None]:
    """Turn what the system refuses, as a file that may not be read or written, into a StoreError."""
    try:
        yield
    except OSError as error:
        fix = "see that the file is there, and the disk has space"
        if isinstance(error, PermissionError):
            fix = "give this user the right to it, or run as the one who publishes"
        raise StoreError(f"{doing}: {error}", fix=fix) from error
