"""Counts of a source's rows, file by file, made before they are used; a rule that is broken is an error."""

from dataclasses import dataclass
from typing import Any

from embedding_features.sources.as_of_rows import KnownRows
from embedding_features.sources.faults import FAULTS, fault
from embedding_features.sources.report import FileReport

_COUNTED = {
    "read": "true",
    "filtered": "left_out",
    "unclear": "unclear",
    "null_ids": "NOT left_out AND null_id",
    "later": "NOT (left_out OR null_id OR known) AND time IS NOT NULL",
    "known": "known",
    "null_times": "NOT (left_out OR null_id OR known) AND time IS NULL",
}


@dataclass(frozen=True)
class RowCounts:
    """Counts the rows of each file.

    Attributes:
        files: file → its rows; ``""`` for those of a statement.
        earliest: the earliest time of a row with ids, in µs; None where none has a time.
    """

    files: dict[str, FileReport]
    earliest: int | None

    @property
    def total(self) -> FileReport:
        """The sums over all files."""
        return FileReport.total(self.files.values())


def count_rows(con: Any, rows: KnownRows) -> RowCounts:
    """Return how many rows of each file are known, and how many are dropped for which reason.

    Raises:
        subject.error: when a row's time cannot be read or is implausible; a header stands among the rows; or
            a known row has an id, number or declared value that is none. The message names the file, of CSV
            the line, and the value.
    """
    checks = {name: condition(rows) for name, condition in FAULTS.items()}
    counted = ", ".join(f"count(*) FILTER ({sql})" for sql in [*_COUNTED.values(), *checks.values()])
    earliest = "min(time) FILTER (NOT (left_out OR null_id))"
    found = rows.fetch(con, f"file, {earliest}, {counted}", "GROUP BY file ORDER BY file")
    size = 2 + len(_COUNTED)
    for number, (name, condition) in enumerate(checks.items(), size):
        bad = sum(row[number] for row in found)
        if bad:
            raise fault(con, rows, name, condition, bad)
    files = {row[0]: FileReport(**dict(zip(_COUNTED, row[2:size], strict=True))) for row in found}
    return RowCounts(files, min((row[1] for row in found if row[1] is not None), default=None))


def check_dropped(rows: KnownRows, counts: RowCounts) -> None:
    """Check that not too much of a source was dropped.

    Raises:
        subject.error: when more than ``max_dropped`` of the rows have no id or no timestamp.
    """
    total = counts.total
    passed = total.read - total.filtered
    if total.dropped > rows.source.max_dropped * passed:
        worst = max(counts.files, key=lambda file: counts.files[file].dropped)
        raise rows.opened.subject.refusal(
            f"{total.null_ids} of {passed} rows have no id and {total.null_times} no timestamp, more than "
            f"max_dropped: {rows.source.max_dropped:g}" + (f"; most of them in {worst}" if worst else ""),
            "mend the log, filter these rows out, or allow more by max_dropped",
        )
