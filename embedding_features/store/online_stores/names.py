"""Any name that Feast takes, as a part of a key or of a path, so that no two names meet.

A name is percent-encoded: what is left is ASCII, can be decoded, and begins with a letter, a digit or ``%``,
so that it is neither hidden nor ``..``. Plain names stay as they are.
"""

import hashlib
import os
import re
from pathlib import Path

_LONGEST = 200  # bytes of a folder's name; file systems take 255
_ENCODED = re.compile(rb"^[_.\-]|[^A-Za-z0-9_.\-]")
_FOLDED = re.compile(rb"^[_.\-]|[^a-z0-9_.\-]")


def key_part(name: str) -> str:
    """Return a name as a part of a key: all but ASCII letters, digits and ``_.-`` is percent-encoded."""
    return _encode(name, _ENCODED)


def folder_of(parent: Path, name: str) -> Path:
    """Return the folder of a name below ``parent``.

    Capital letters are encoded too, for file systems that take them for small ones.

    A folder that is there under the plain name is used as it is. The end of a very long name is its SHA-256.
    """
    plain, found = key_part(name), _encode(name, _FOLDED)
    if len(found) > _LONGEST:  # an encoded name has hexadecimal digits after every %
        found = f"{found[:100]}%-{hashlib.sha256(name.encode()).hexdigest()}"
    if plain != found and plain in _entries(parent):
        return parent / plain
    return parent / found


def _encode(name: str, what: re.Pattern[bytes]) -> str:
    return what.sub(lambda byte: b"%%%02x" % byte[0][0], name.encode()).decode() or "%"


def _entries(folder: Path) -> list[str]:
    """Return what a folder holds, with the case that it was written in."""
    return os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 - names alone
