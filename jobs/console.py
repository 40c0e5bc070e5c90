"""Prints what a person sees on stderr and a machine reads on stdout."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from embedding_features.progress import Advance

#: bars and messages; stdout is left to results
STDERR = Console(stderr=True, soft_wrap=True)

#: rows of one list of a result
Rows = Sequence[Mapping[str, Any]]


class Bars:
    """Shows progress bars on stderr, nested tasks below one another."""

    def __init__(self) -> None:
        self._depth = 0
        self._display = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}"),
            console=STDERR,
            transient=True,
            disable=not STDERR.is_terminal,
        )

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Show a bar while the block runs, as :class:`.Progress` says."""
        if self._depth == 0:
            self._display.start()
        self._depth += 1
        task = self._display.add_task(name, total=total, status="")

        def advance(steps: int = 1, status: str = "") -> None:
            self._display.update(task, advance=steps, status=status)

        try:
            yield advance
        finally:
            self._display.remove_task(task)
            self._depth -= 1
            if self._depth == 0:
                self._display.stop()


def note(message: str) -> None:
    """Print a line for the person watching."""
    STDERR.print(message, markup=False, highlight=False)


def emit(result: Mapping[str, Any], as_json: bool) -> None:
    """Print a job's result on stdout: one JSON object in a line, or text with its lists as tables."""
    if as_json:
        typer.echo(json.dumps(result, default=str, sort_keys=False, allow_nan=False))
        return
    for key, value in result.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            Console(soft_wrap=False).print(table(key, value))
        else:
            typer.echo(f"{key}: {value}")


def table(title: str, rows: Rows) -> Table:
    """Return rows of equal keys as a table."""
    grid = Table(title=title.replace("_", " "), title_justify="left")
    for name in rows[0]:
        grid.add_column(name.replace("_", " "), justify="right" if _is_number(rows[0][name]) else "left")
    for row in rows:
        grid.add_row(*(_text(value) for value in row.values()))
    return grid


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: object) -> str:
    if isinstance(value, float):
        if 0 < abs(value) < 1e-3:
            return f"{value:.2e}"
        return f"{value:.4f}" if abs(value) < 100 else f"{value:,.1f}"
    return "" if value is None else str(value)
