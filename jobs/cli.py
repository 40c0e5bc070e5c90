"""The command line ``embedding-features``."""

import json
import os
import sys

import click
import typer

from embedding_features.errors import EmbeddingFeaturesError
from jobs.commands import app
from jobs.console import STDERR

INTERRUPTED = 130


def main() -> None:
    """Run the command line; every error becomes a message on stderr and its exit code.

    With ``--json`` a failure also prints ``{"error": …, "exit_code": …}`` on stdout, so that a machine
    always reads one object.
    """
    os.environ.setdefault("FEAST_USAGE", "False")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    try:
        result = app(arguments, standalone_mode=False)
    except click.exceptions.Abort:
        return fail("interrupted; the same command resumes", INTERRUPTED, arguments)
    except KeyboardInterrupt:
        return fail("interrupted; the same command resumes", INTERRUPTED, arguments)
    except click.ClickException as error:
        error.show()
        return fail("", error.exit_code, arguments, error.format_message())
    except EmbeddingFeaturesError as error:
        return fail(str(error), error.exit_code, arguments)
    return result if isinstance(result, int) else 0


def fail(message: str, code: int, arguments: list[str], told: str = "") -> int:
    """Tell a failure once to the person and, if asked for, once to the machine."""
    if message:
        STDERR.print(f"error: {message}", markup=False, highlight=False, style="red")
    if "--json" in arguments:
        typer.echo(json.dumps({"error": message or told, "exit_code": code}))
    return code
