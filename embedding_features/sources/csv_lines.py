"""The lines of a CSV file, one by one, to read its header and to find a row that breaks a rule."""

import csv
import io
from collections.abc import Iterator, Mapping

import pyarrow as pa

from embedding_features.sources.opened import FileGroup
from embedding_features.sources.source import Dialect


def read_lines(path: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield a file's rows one by one, as DuckDB splits them, each with the number of its first line.

    Bytes that are no UTF-8 become lone surrogates: DuckDB will name their line.

    Raises:
        OSError, csv.Error: when it cannot be read.
    """
    with pa.input_stream(path, compression="detect") as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        if len(dialect.delimiter) > 1:
            for number, line in enumerate(text, 1):
                yield number, line.rstrip("\r\n").split(dialect.delimiter)
            return
        doubled = dialect.escape == dialect.quote
        reader = csv.reader(
            text,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            doublequote=doubled,
            escapechar=None if doubled else dialect.escape or None,
            strict=True,
        )
        before = 0
        for row in reader:
            yield before + 1, row
            before = reader.line_num


def line_of(path: str, group: FileGroup, texts: Mapping[str, str | None]) -> int:
    """Return the number of the first line whose columns hold these texts; 0 where none does any more."""
    columns = [name for name in group.kinds if name not in group.folders]
    wanted = {columns.index(column): text for column, text in texts.items() if column in columns}
    dialect = group.dialect or Dialect()
    lines = read_lines(path, dialect)
    if dialect.columns is None:
        next(lines, None)
    for number, row in lines:
        if len(row) == len(columns) and all(
            (None if row[at] in dialect.null else row[at]) == text for at, text in wanted.items()
        ):
            return number
    return 0
