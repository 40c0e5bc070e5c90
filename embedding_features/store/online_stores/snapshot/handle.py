"""Files and locks that are held by their inode, not by their names, and errors of the disk."""

import errno
import fcntl
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import DAMAGED

_OF_DISKS = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT,
    errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE,
    errno.ENOLCK, errno.ENOTSUP, errno.ESTALE,
)  # fmt: skip


class Handle:
    """Keeps a file open for reading; as long as it is, no other file gets its inode number."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self.number)
        self.inode = os.fstat(self.number).st_ino

    def size(self) -> int:
        """Return how many bytes the file has now."""
        return os.fstat(self.number).st_size

    def read(self, start: int = 0) -> bytes:
        """Return all bytes from ``start`` on."""
        pieces = []
        while piece := os.pread(self.number, max(self.size() - start, 1), start):
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock, for which this waits; the death of its holder frees it, too.

    Raises:
        StoreError: when its folder is not there, or was removed while this waited.
    """
    number = _locked(path)
    try:
        yield
    finally:
        os.close(number)


def _locked(path: Path) -> int:
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            if os.fstat(number).st_ino == path.stat().st_ino:
                return number
        except BaseException:
            os.close(number)
            raise
        os.close(number)
        return _locked(path)  # the folder was removed and made again: there is a new lock
    except FileNotFoundError as error:
        raise nothing_online(path.parent) from error


def nothing_online(folder: Path) -> StoreError:
    """Return the error of a view version that was never applied, or was removed."""
    return StoreError(f"nothing is online in {folder}", fix="run feast apply, then materialize")


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn errors of writing into StoreErrors.

    Raises:
        StoreError: when a disk is full or broken, may not be written, or what is at a path is something else.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_DISKS:
            raise
        raise StoreError(
            f"cannot write in {folder}: {error.strerror}; what was online stays",
            fix="make room or give the right, then do it again",
        ) from error


@contextmanager
def read_errors(folder: Path) -> Iterator[None]:
    """Turn errors of reading into StoreErrors.

    Raises:
        StoreError: when files may not be read, or do not hold what their names say.
        FileNotFoundError: when one is gone.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        fix = "give the right to read it to who serves"
        raise StoreError(f"cannot read {error.filename or folder}: {error.strerror}", fix=fix) from error
    except DAMAGED as error:
        fix = "remove it, run feast apply, materialize, and push again"
        raise StoreError(f"{folder} is damaged: {error}", fix=fix) from error
