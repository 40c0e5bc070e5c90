"""Columns that are in the names of folders, as ``day=2026-01-02``, and not in the files themselves."""

import re
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote, unquote

from embedding_features.sources.sql import literal, quoted

#: how Hive and its followers write null
_NULL = "__HIVE_DEFAULT_PARTITION__"


def partitions(file: str) -> dict[str, str | None]:
    """Return the columns that the names of a file's folders hold, with their values."""
    pairs = [part.split("=", 1) for part in PurePath(file).parts[:-1] if "=" in part]
    return {unquote(name): None if value == _NULL else unquote(value) for name, value in pairs}


def folder_columns(file: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the names of folders' columns that are not columns of the file itself."""
    own = {name.lower() for name in columns}
    return tuple(sorted(name for name in partitions(file) if name and name.lower() not in own))


def folder_sql(name: str, path: str) -> str:
    """Return the text of a folder's column as SQL over the file's path; null where empty or missing."""
    written = f"{re.escape(name)}|{re.escape(quote(name))}"
    value = f"regexp_extract({quoted(path)}, {literal(f'.*/(?:{written})=([^/]*)/')}, 1)"
    return f"nullif(nullif(url_decode({value}), ''), {literal(_NULL)})"
