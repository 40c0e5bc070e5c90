"""The rows of a group of files as SQL: typed, as written, and with flags of what is wrong with them."""

from collections.abc import Mapping

from embedding_features.sources.columns import Expression
from embedding_features.sources.kinds import is_integer
from embedding_features.sources.opened import TEXT, FileGroup
from embedding_features.sources.sql import literal, quoted


def flagged_sql(
    group: FileGroup,
    filter_: str | None,
    columns: Mapping[str, str],
    ids: tuple[str, ...],
    typed: Mapping[str, Expression],
    checked: list[str],
) -> str:
    """Return the SELECT of a group's rows, with the columns of :class:`.KnownRows` but for ``known``.

    Args:
        group: the files.
        filter_: condition on the group's columns; None lets all rows pass.
        columns: output name → column, of the ids, the time and the numbers.
        ids: output names of the ids.
        typed: output name → SQL of the typed value.
        checked: output names of ids that may not fit int64.
    """
    stamp = group.kinds[columns["time"]] if "time" in columns else ""
    texts = [n for n in ids if group.kinds[columns[n]] == TEXT and columns[n] not in group.folders]
    header = " AND ".join(f"{quoted(columns[name])} = {literal(columns[name])}" for name in texts)
    passed = f"({filter_}\n)" if filter_ else "true"
    selected = {
        "time": "NULL::BIGINT",
        **{name: sql(group) for name, sql in typed.items()},
        "raw_time": "NULL",
        **{f"raw_{name}": f"{quoted(column)}::VARCHAR" for name, column in columns.items()},
        "left_out": f"{passed} IS DISTINCT FROM true",
        "unclear": f"{passed} IS NULL",
        "null_id": " OR ".join(f"{quoted(columns[name])} IS NULL" for name in ids),
        "header": header or "false",
        "misread": group.misread_sql,
        "file": group.file_sql,
    }
    misfit = (
        " OR ".join(f"(raw_{name} IS NOT NULL AND {quoted(name)} IS NULL)" for name in checked) or "false"
    )
    unread = "raw_time IS NOT NULL AND time IS NULL" if stamp == TEXT or is_integer(stamp) else "false"
    inner = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in selected.items())
    return (
        f"SELECT *, ({misfit}) AS misfit, ({unread}) AS mistimed "  # noqa: S608 - quoted
        f"FROM (SELECT {inner} FROM ({group.sql}))"
    )
