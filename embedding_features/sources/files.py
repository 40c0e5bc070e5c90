"""The files that match a glob, without those that nobody meant.

Skipped are what other engines hide or have not finished (names that begin with ``_`` or ``.``, or end like
``.tmp``), unless the pattern names them; a file reached by two names, through links, is there once.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from embedding_features.sources.sql import Subject

_UNFINISHED = (".tmp", ".temp", ".crc", ".inprogress", ".pending", ".partial", "._COPYING_")


def find_files(pattern: str, folder: Path, subject: Subject) -> list[str]:
    """Return the files that match a glob, sorted.

    Args:
        pattern: a glob; ``**`` means any depth, and follows links to folders.
        folder: where a relative pattern begins.
        subject: name and class of errors.

    Raises:
        subject.error: when nothing matches; a match is a folder or a broken link; or a folder cannot be read.
    """
    given = Path(pattern)
    start, parts = (
        (given.anchor, given.parts[1:]) if given.is_absolute() else (str(folder.resolve()), given.parts)
    )
    found: dict[str, str] = {}
    try:
        for path in sorted(_matches(start, parts)):
            if not os.path.exists(path):  # noqa: PTH110 - as all else here, of names as they are
                raise subject.refusal(f"{path} is a broken link", "restore what it points to, or remove it")
            if os.path.isfile(path):  # noqa: PTH113
                found.setdefault(os.path.realpath(path), path)
            elif "." in parts[-1] and "*" in parts[-1] and "**" not in parts:  # ** reads what is in it
                raise subject.refusal(f"{path} is a folder", f"end the pattern in {parts[-1]}/*")
    except OSError as error:
        raise subject.refusal(f"{error.filename}: {error.strerror}", "give the rights to read it") from None
    if not found:
        raise subject.refusal(f"no file matches {Path(start, *parts)}", "check the glob and its folder")
    return sorted(found.values())


def _matches(folder: str, parts: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths below ``folder`` that match the pattern's parts, files and folders."""
    if not parts:
        return
    first, rest = parts[0], parts[1:]
    if first == "**":
        for below in _folders(folder, set()):
            yield from _matches(below, rest or ("*",))
        return
    if not any(sign in first for sign in "*?["):
        path = os.path.join(folder, first)  # noqa: PTH118
        if os.path.lexists(path) and not rest:
            yield path
        elif os.path.isdir(path):  # noqa: PTH112
            yield from _matches(path, rest)
        return
    for entry in os.scandir(folder):
        if fnmatchcase(entry.name, first) and not _is_hidden_or_unfinished(entry.name, first):
            if not rest:
                yield entry.path
            elif entry.is_dir():
                yield from _matches(entry.path, rest)


def _folders(folder: str, seen: set[str]) -> Iterator[str]:
    """Yield ``folder`` and all folders below it, each real one once."""
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    yield folder
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.is_dir() and not _is_hidden_or_unfinished(entry.name, "*"):
            yield from _folders(entry.path, seen)


def _is_hidden_or_unfinished(name: str, pattern: str) -> bool:
    """Return whether a name is of a hidden or unfinished file, and the pattern does not ask for such."""
    if name[0] in "._" and pattern[0] != name[0] and "=" not in name:
        return True
    return any(name.endswith(end) and not pattern.endswith(end) for end in _UNFINISHED)
