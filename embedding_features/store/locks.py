"""The lock of a repository: one publication or materialization at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from embedding_features.store.outside_errors import file_errors
from embedding_features.store.published import snapshots_root


@contextmanager
def locked(repo: Path) -> Iterator[None]:
    """Hold the repository's lock: one publish or materialization at a time. A killed holder frees it."""
    data = snapshots_root(repo).parent
    with ExitStack() as held:
        with file_errors(f"locking {data}"):
            data.mkdir(parents=True, exist_ok=True)
            file = held.enter_context((data / ".lock").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_locked(repo: Path) -> bool:
    """Return whether somebody publishes or materializes here now."""
    path = snapshots_root(repo).parent / ".lock"
    if not path.is_file():
        return False
    with file_errors(f"looking at {path}"), path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
