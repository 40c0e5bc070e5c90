"""Rows that break a rule: how they are found, and how one is shown by file, line and value."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from embedding_features.sources.as_of_rows import KnownRows
from embedding_features.sources.csv_lines import line_of
from embedding_features.sources.fault_messages import MESSAGES, FaultyRow
from embedding_features.sources.moment import to_microseconds
from embedding_features.sources.numbers import unfit_sql
from embedding_features.sources.opened import TEXT


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


def fault(con: Any, rows: KnownRows, name: str, condition: str, bad: int) -> Exception:
    """Return the error for rows that have one of :data:`FAULTS`, which shows one of them.

    Args:
        con: the connection the rows are read by.
        rows: all rows of the source.
        name: which of :data:`FAULTS`.
        condition: the SQL of that fault.
        bad: how many rows have it.
    """
    found = _find(con, rows, condition, bad)
    message, fix = MESSAGES[name](found)
    return rows.opened.subject.refusal(f"{found.where}{message}", fix)


def _find(con: Any, rows: KnownRows, condition: str, bad: int) -> FaultyRow:
    read = ("file", "misread", "time", *rows.numbers)
    names = (*read, *(f"raw_{name}" for name in rows.columns))
    row = rows.fetch(con, ", ".join(names), f"WHERE {condition} ORDER BY file LIMIT 1")[0]
    values = dict(zip(names, row, strict=True))
    written = {name: values[f"raw_{name}"] for name in rows.columns}
    group = next((group for group in rows.opened.groups if values["file"] in group.files), None)
    where = f"{values['file']}: " if group else ""
    if group and group.dialect:
        texts = {c: written[n] for n, c in rows.columns.items() if group.kinds[c] == TEXT}
        if values["misread"]:
            texts[values["misread"]["column"]] = values["misread"]["text"]
        where = f"{values['file']}, line {line_of(values['file'], group, texts)}: "
    return FaultyRow(rows, bad, where, written, values)
