"""The messages of rows that break a rule, by the kind of fault: what is wrong, and what to do about it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from embedding_features.sources.as_of_rows import KnownRows

_ZONELESS = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+)?")


@dataclass(frozen=True)
class FaultyRow:
    """Describes a fault by one row that has it.

    Attributes:
        rows: all rows of the source.
        bad: how many have the fault.
        where: file and line of the one shown, as the error begins.
        written: output name → the text in its column.
        read: what was read of it.
    """

    rows: KnownRows
    bad: int
    where: str
    written: Mapping[str, str | None]
    read: Mapping[str, Any]


def _header(_: FaultyRow) -> tuple[str, str]:
    return (
        "the header stands again among the rows",
        "remove that line; dialect: columns is for files without one",
    )


def _mistimed(found: FaultyRow) -> tuple[str, str]:
    text, source = found.written["time"], found.rows.source
    message = f"timestamp {found.rows.columns['time']!r} is {text!r}, "
    if source.unit is not None:
        return f"{message}no integer that fits", "write whole numbers, or mend unit"
    if source.timezone is None and (source.format or _ZONELESS.fullmatch(text or "")):
        return f"{message}without a zone", "say timezone: UTC, or whichever it was written in"
    if source.format is not None:
        return f"{message}not of the format {source.format!r}", "mend the file, or say another format"
    return f"{message}no moment of ISO 8601", "say how it is written, as in format: '%d/%m/%Y %H:%M:%S'"


def _implausible_time(found: FaultyRow) -> tuple[str, str]:
    first, last = found.rows.source.plausible_years
    try:
        moment = (datetime(1970, 1, 1) + timedelta(microseconds=found.read["time"])).isoformat()
    except OverflowError:
        moment = "beyond the calendar"
    return (
        f"{found.bad} timestamps in {found.rows.columns['time']!r} are not of the years {first} to {last}: "
        f"{found.written['time']} is {moment}",
        "check the unit, filter out what stands for no time, or widen plausible_years",
    )


def _misread(found: FaultyRow) -> tuple[str, str]:
    shown = found.read["misread"]
    return (
        f"{shown['column']!r} is {shown['text']!r}, not what dialect: types declares",
        "mend the file, or declare another type",
    )


def _misfit(found: FaultyRow) -> tuple[str, str]:
    ids = {
        found.rows.columns[n]: v for n, v in found.written.items() if n not in ("time", *found.rows.numbers)
    }
    return (
        f"{found.bad} ids are beyond int64 or no integers: {ids}",
        "make the id's type string; a column of unsigned integers must be cast in an sql source",
    )


def _not_a_number(found: FaultyRow) -> tuple[str, str]:
    name = next(name for name in found.rows.numbers if found.read[name] is None)
    number = found.rows.numbers[name]
    beyond = " or beyond float32" if number.type == "FLOAT" else ""
    empty = "" if number.optional else "null, NaN, "
    return (
        f"{found.bad} {number.what}s in {number.column!r} are {empty}infinite{beyond}, or no numbers: "
        f"{found.written[name]}",
        "filter those rows, or mend them in an sql source",
    )


#: fault → (message, fix) for a row that has it
MESSAGES: Mapping[str, Callable[[FaultyRow], tuple[str, str]]] = {
    "header": _header,
    "mistimed": _mistimed,
    "implausible": _implausible_time,
    "misread": _misread,
    "misfit": _misfit,
    "unfit": _not_a_number,
}
