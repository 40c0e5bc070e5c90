"""DuckDB as the reader of sources: quoted names, escaped texts, private connections, errors by name."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from embedding_features.errors import ConfigError, DataError, EmbeddingFeaturesError


def quoted(name: str) -> str:
    """Return ``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return ``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: "list[str] | tuple[str, ...]") -> str:
    """Return ``texts`` as an SQL list of strings."""
    return "[" + ", ".join(map(literal, texts)) + "]"


@dataclass(frozen=True)
class Subject:
    """Names what is read, and makes the errors that speak of it.

    Attributes:
        name: what is read, e.g. ``"relation 'bought'"``.
        error: the class to raise.
    """

    name: str
    error: type[EmbeddingFeaturesError] = DataError

    def refusal(self, message: str, fix: str = "") -> EmbeddingFeaturesError:
        """Return an error that begins with the name."""
        return self.error(f"{self.name}: {message}", fix=fix)

    @contextmanager
    def named(self, fix: str = "", others: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Open a context in which DuckDB's errors become ours.

        Args:
            fix: what to do about them; empty for what DuckDB's message suggests.
            others: exceptions of other libraries that are turned, too.
        """
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise self.refusal(str(error), fix or "raise the memory limit") from None
        except duckdb.Error as error:
            message, suggested = _message_and_fix(str(error))
            raise self.refusal(message, fix or suggested) from None
        except others as error:
            raise self.refusal(str(error), fix) from error


def _message_and_fix(message: str) -> tuple[str, str]:
    """Return DuckDB's message and a fix; of a CSV line it cannot split, where that is and what is wrong."""
    file = re.search(r"^ *file = (.*)$", message, re.MULTILINE)
    if file is None:
        return message, ""
    line = re.search(r"CSV Error on Line: (\d+)\nOriginal Line: ?(.*)", message)
    where, said = file[1], message.splitlines()[0]
    if line is not None:
        told = [text for text in message.split("Possible ")[0].splitlines() if text.strip()]
        where, said = f"{where}, line {line[1]}", f"{told[-1]} In {line[2]!r:.200}"
    return f"{where}: {said}", "mend the file, or say how all of them are written, by dialect:"


@contextmanager
def connection(
    folder: Path = Path(), memory_limit: str | None = None, threads: int | None = None
) -> Iterator[Any]:
    """Open a private DuckDB that spills to a temporary folder and reads relative paths from ``folder``.

    Raises:
        ConfigError: when the memory limit or the number of threads is not one.
    """
    with tempfile.TemporaryDirectory(prefix="duckdb-") as spill:
        settings = {
            "autoinstall_known_extensions": "false",
            "file_search_path": str(folder),
            "preserve_insertion_order": "false",
            "temp_directory": spill,
        }
        if memory_limit is not None:
            settings["memory_limit"] = memory_limit
        if threads is not None:
            settings["threads"] = str(threads)
        try:
            con = duckdb.connect(":memory:", config=settings)
        except duckdb.Error as error:
            raise ConfigError(
                f"memory limit {memory_limit!r} or threads {threads!r}: {error}",
                fix="write them as '4GB' and 2",
            ) from None
        with con:
            con.execute("SET TimeZone = 'UTC'")
            yield con
