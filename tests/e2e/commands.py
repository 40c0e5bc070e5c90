"""Lists every command of the command line, as the typer app has it registered."""

from collections.abc import Iterator
from typing import Any

import typer

from jobs.commands import app


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command's words, and the command with its parameters."""

    def below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from below(command, (*words, name))
            else:
                yield (*words, name), command

    return below(typer.main.get_command(app), ())


COMMANDS = dict(commands())
