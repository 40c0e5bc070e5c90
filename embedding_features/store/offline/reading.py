"""How each column of a source is read, part by part, without changing a value."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from embedding_features.errors import DataError
from embedding_features.store.offline.casts import Cast, cast_of
from embedding_features.store.offline.times import KINDS, time_cast
from embedding_features.store.offline.typed_files import TypedFiles
from embedding_features.store.offline.types import common


@dataclass(frozen=True)
class Reading:
    """Says how one column is read in each part.

    Attributes:
        name: of the column in the files.
        wanted: the type it is read as, for messages.
        casts: its SQL, one of each part; the part is called ``s`` there.
    """

    name: str
    wanted: str
    casts: tuple[Cast, ...]


def reading_of(what: str, parts: Sequence[TypedFiles], name: str, want: pa.DataType) -> Reading:
    """Return how a column is read as one type in all parts.

    Raises:
        DataError: when a part's values are of another kind.
    """
    casts = []
    for part in parts:
        found = cast_of(part.types[name], want, part.column(name))
        if found is None:
            raise _refusal(what, part, name, str(want))
        casts.append(found)
    return Reading(name, str(want), tuple(casts))


def time_of(what: str, parts: Sequence[TypedFiles], name: str) -> Reading:
    """Return how a column of times is read as microseconds UTC, each part by its own type.

    Raises:
        DataError: when a part's values are no times.
    """
    casts = []
    for part in parts:
        found = time_cast(part.types[name], part.column(name))
        if found is None:
            raise _refusal(what, part, name, f"a time ({KINDS})")
        casts.append(found)
    return Reading(name, "a time", tuple(casts))


def moment_of(what: str, parts: Sequence[TypedFiles], name: str, zoned: bool = True) -> Reading:
    """Return how a column of times is read as timestamps of microseconds.

    They are of UTC or, if not ``zoned``, without zone.

    Raises:
        DataError: when a part's values are no times.
    """
    found = time_of(what, parts, name)
    make = "make_timestamptz" if zoned else "make_timestamp"
    casts = [
        Cast(part.column(name)) if zoned and _is_moment(part.types[name]) else Cast(f"{make}({f.sql})", f.bad)
        for part, f in zip(parts, found.casts, strict=True)
    ]
    return Reading(name, found.wanted, tuple(casts))


def type_of(
    what: str, parts: Sequence[TypedFiles], name: str, declared: pa.DataType | None, key: bool = False
) -> pa.DataType:
    """Return the type that a column is read as.

    It is the files' own where they agree, else what the view declares.

    Args:
        what: whose files these are, for messages.
        parts: the files.
        name: of the column.
        declared: what the view declares; None where it does not say: then what the files have in common.
        key: whether it is a key: numbers of several kinds are integers then.

    Raises:
        DataError: when nothing is declared, and the files have nothing in common.
    """
    types = {part.types[name]: part for part in parts if not pa.types.is_null(part.types[name])}
    if len(types) < 2:
        return next(iter(types), pa.null())
    want = declared or common(list(types), key)
    if want is None:
        found = ", ".join(f"{dtype} in {part.files[0]}" for dtype, part in types.items())
        raise DataError(f"{what}: column {name} is {found}", fix="write one type in every file")
    return want


def refuse_changed(
    con: duckdb.DuckDBPyConnection, what: str, parts: Sequence[TypedFiles], readings: Sequence[Reading]
) -> None:
    """Check the values that may not fit, if any.

    Raises:
        DataError: when a value would be changed: the first, with its file.
    """
    for reading in readings:
        for part, found in zip(parts, reading.casts, strict=True):
            if found.bad is None:
                continue
            sql = (
                f"SELECT s.file_index, {part.column(reading.name)} FROM {part.sql} WHERE {found.bad} LIMIT 1"  # noqa: S608
            )
            for file, value in con.sql(sql).fetchall():
                refuse_value(what, part.files[file], part.types[reading.name], reading, value)


def refuse_value(what: str, file: str, have: pa.DataType, reading: Reading, value: object) -> None:
    """Refuse a value that the type it is read as cannot hold.

    Raises:
        DataError: always.
    """
    raise DataError(
        f"{what}: column {reading.name} of {file} is {have} and read as {reading.wanted}, "
        f"which cannot hold its value {value!r}",
        fix="write the column with one type in every file, the one that the view declares",
    )


def _is_moment(dtype: pa.DataType) -> bool:
    """Return whether DuckDB reads the type as microseconds UTC by itself."""
    return bool(pa.types.is_timestamp(dtype) and dtype.unit != "ns" and dtype.tz is not None)


def _refusal(what: str, part: TypedFiles, name: str, wanted: str) -> DataError:
    return DataError(
        f"{what}: column {name} of {part.files[0]} is {part.types[name]}, and it is read as {wanted}",
        fix="write the column with one type in every file, the one that the view declares",
    )
