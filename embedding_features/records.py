"""JSON records of what lies in a folder: read, checked, sealed with a digest, and compared with the files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import BaseModel

from embedding_features.config import config_hash, parse_config
from embedding_features.errors import ConfigError, EmbeddingFeaturesError
from embedding_features.files import sha256_file

R = TypeVar("R", bound=BaseModel)


def read_record(path: Path, cls: type[R], what: str, *, error: type[EmbeddingFeaturesError], again: str) -> R:
    """Read a JSON file as an instance of ``cls``.

    A class with a field ``format`` is read only from files of that format (:func:`check_format`). One with a
    field ``digest`` is read only if its digest is that of everything else in it (see :func:`seal`).

    Args:
        path: the file.
        cls: the class of the record.
        what: what the folder holds, for errors: ``"snapshot"``.
        error: the class of the error to raise.
        again: how the folder is made again, the fix of a damaged record.

    Raises:
        error: when the file is missing, unreadable, of another format, not valid, or altered.
    """
    data = _read_json(path, what, error, again)
    if "format" in cls.model_fields:
        check_format(path, data, cls, error=error, again=again)
    try:
        record = parse_config(data, cls, str(path))
    except ConfigError as refused:
        raise error(refused.what, fix=again) from None
    if "digest" in cls.model_fields and seal(record) != record:
        raise error(f"{path} is altered: its digest differs", fix=again)
    return record


def check_format(
    path: Path, data: Any, cls: type[BaseModel], *, error: type[EmbeddingFeaturesError], again: str
) -> None:
    """Check that what a file says has the ``format`` that ``cls`` writes, its default.

    Args:
        path: the file.
        data: what it says.
        cls: the class of the record.
        error: the class of the error to raise.
        again: how the folder is made again, the fix of a record of an earlier format.

    Raises:
        error: when it is of another format.
    """
    read = cls.model_fields["format"].default
    found = data.get("format") if isinstance(data, dict) else None
    if found == read:
        return
    if isinstance(found, int) and found < read:
        raise error(
            f"{path} was written by an earlier version of embedding-features, in format {found};"
            f" this one reads format {read}",
            fix=again,
        )
    raise error(
        f"{path} is of format {found!r}, this library reads format {read}",
        fix="use the version of embedding-features that wrote it",
    )


def _read_json(path: Path, what: str, error: type[EmbeddingFeaturesError], again: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise error(f"no {what} at {path.parent}: {path.name} is missing", fix="check the path") from None
    except (ValueError, OSError) as unreadable:
        raise error(f"{path} cannot be read: {unreadable}", fix=again) from None


def seal(record: R) -> R:
    """Return a copy of a record whose field ``digest`` is the hash of all its other fields."""
    content = record.model_dump(mode="json", exclude={"digest"})
    return record.model_copy(update={"digest": config_hash(content)})


def file_digests(folder: Path) -> dict[str, str]:
    """Return the relative path of every file below a folder → its SHA-256 (hex), in the order of paths."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in paths}


def check_files(
    folder: Path,
    digests: Mapping[str, str],
    *,
    error: type[EmbeddingFeaturesError],
    again: str,
    sizes: Mapping[str, int] | None = None,
    verify: bool = True,
) -> None:
    """Check that a folder holds the files that its record lists, as they were written.

    Args:
        folder: where they lie.
        digests: relative path → SHA-256 (hex).
        error: the class of the error to raise.
        again: how the folder is made again, the fix of every error.
        sizes: relative path → bytes, compared whatever ``verify`` says; None compares no sizes.
        verify: compare the SHA-256 too, which reads every file; off, the files must only be there.

    Raises:
        error: naming the first file that is outside the folder, missing, or another one.
    """
    check_inside(folder, digests, error=error, again=again)
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            raise error(f"{folder} lacks the file {name}", fix=again)
        if sizes is not None and path.stat().st_size != sizes[name]:
            raise error(f"{path} has {path.stat().st_size} bytes, {sizes[name]} were written", fix=again)
        if verify and _digest(path, error, again) != digest:
            raise error(f"{path} is not the file that was written: its SHA-256 differs", fix=again)


def _digest(path: Path, error: type[EmbeddingFeaturesError], again: str) -> str:
    try:
        return sha256_file(path)
    except OSError as unreadable:
        raise error(f"{path} cannot be read: {unreadable}", fix=again) from None


def check_inside(
    folder: Path, names: Iterable[str], *, error: type[EmbeddingFeaturesError], again: str
) -> None:
    """Check that the relative paths of a record lead to files below its folder.

    Raises:
        error: naming the first that does not, with ``again`` as the fix.
    """
    for name in names:
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or parts[0] == "/":
            raise error(f"the record of {folder} names the file {name!r} outside its folder", fix=again)
