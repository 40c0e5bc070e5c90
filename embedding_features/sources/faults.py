"""Rows that break a rule: how they are found, and errors that show one of them by file, line and value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from embedding_features.sources.as_of_rows import KnownRows
from embedding_features.sources.columns import unfit_sql
from embedding_features.sources.csv_lines import line_of
from embedding_features.sources.moment import to_microseconds
from embedding_features.sources.opened import TEXT

_ZONELESS = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+)?")


def _implausible(rows: KnownRows) -> str:
    first, last = rows.source.plausible_years
    begin, last_day = datetime(first, 1, 1, tzinfo=UTC), datetime(last, 12, 31, tzinfo=UTC)
    end = to_microseconds(last_day) + timedelta(days=1) // timedelta(microseconds=1)
    return f"NOT (left_out OR null_id) AND (time < {to_microseconds(begin)} OR time >= {end})"


def _unfit(rows: KnownRows) -> str:
    unfit = " OR ".join(unfit_sql(name, number) for name, number in rows.numbers.items())
    return f"known AND ({unfit or 'false'})"


#: fault → the rows that have it, in the order in which they are told
FAULTS: Mapping[str, Callable[[KnownRows], str]] = {
    "header": lambda _: "NOT left_out AND header",
    "mistimed": lambda _: "NOT left_out AND mistimed",
    "implausible": _implausible,
    # whatever the filter says of it, for it may have met the value that was not read
    "misread": lambda _: "in_time AND misread IS NOT NULL",
    "misfit": lambda _: "known AND misfit",
    "unfit": _unfit,
}


@dataclass(frozen=True)
class _Found:
    """``bad`` rows of a fault, and one of them: where it is, what its columns say, what was read of it."""

    rows: KnownRows
    bad: int
    where: str
    written: Mapping[str, str | None]
    read: Mapping[str, Any]


def fault(con: Any, rows: KnownRows, name: str, condition: str, bad: int) -> Exception:
    """The error for ``bad`` rows that have one of :data:`FAULTS`, shown by one of them."""
    found = _find(con, rows, condition, bad)
    message, fix = _TOLD[name](found)
    return rows.opened.subject.refusal(f"{found.where}{message}", fix)


def _find(con: Any, rows: KnownRows, condition: str, bad: int) -> _Found:
    read = ("file", "misread", "time", *rows.numbers)
    names = (*read, *(f"raw_{name}" for name in rows.columns))
    row = rows.fetch(con, ", ".join(names), f"WHERE {condition} ORDER BY file LIMIT 1")[0]
    values = dict(zip(names, row, strict=True))
    written = {name: values[f"raw_{name}"] for name in rows.columns}
    part = next((part for part in rows.opened.parts if values["file"] in part.files), None)
    where = f"{values['file']}: " if part else ""
    if part and part.dialect:
        texts = {c: written[n] for n, c in rows.columns.items() if part.kinds[c] == TEXT}
        if values["misread"]:
            texts[values["misread"]["column"]] = values["misread"]["text"]
        where = f"{values['file']}, line {line_of(values['file'], part, texts)}: "
    return _Found(rows, bad, where, written, values)


def _header(_: _Found) -> tuple[str, str]:
    return (
        "the header stands again among the rows",
        "remove that line; dialect: columns is for files without one",
    )


def _mistimed(found: _Found) -> tuple[str, str]:
    text, source = found.written["time"], found.rows.source
    message = f"timestamp {found.rows.columns['time']!r} is {text!r}, "
    if source.unit is not None:
        return f"{message}no integer that fits", "write whole numbers, or mend unit"
    if source.timezone is None and (source.format or _ZONELESS.fullmatch(text or "")):
        return f"{message}without a zone", "say timezone: UTC, or whichever it was written in"
    if source.format is not None:
        return f"{message}not of the format {source.format!r}", "mend the file, or say another format"
    return f"{message}no moment of ISO 8601", "say how it is written, as in format: '%d/%m/%Y %H:%M:%S'"


def _far(found: _Found) -> tuple[str, str]:
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


def _misread(found: _Found) -> tuple[str, str]:
    shown = found.read["misread"]
    return (
        f"{shown['column']!r} is {shown['text']!r}, not what dialect: types declares",
        "mend the file, or declare another type",
    )


def _misfit(found: _Found) -> tuple[str, str]:
    ids = {
        found.rows.columns[n]: v for n, v in found.written.items() if n not in ("time", *found.rows.numbers)
    }
    return (
        f"{found.bad} ids are beyond int64 or no integers: {ids}",
        "make the id's type string; a column of unsigned integers must be cast in an sql source",
    )


def _not_a_number(found: _Found) -> tuple[str, str]:
    name = next(name for name in found.rows.numbers if found.read[name] is None)
    number = found.rows.numbers[name]
    beyond = " or beyond float32" if number.type == "FLOAT" else ""
    empty = "" if number.optional else "null, NaN, "
    return (
        f"{found.bad} {number.what}s in {number.column!r} are {empty}infinite{beyond}, or no numbers: "
        f"{found.written[name]}",
        "filter those rows, or mend them in an sql source",
    )


_TOLD: Mapping[str, Callable[[_Found], tuple[str, str]]] = {
    "header": _header,
    "mistimed": _mistimed,
    "implausible": _far,
    "misread": _misread,
    "misfit": _misfit,
    "unfit": _not_a_number,
}
