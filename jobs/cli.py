"""Runs the command line ``embedding-features``, and turns errors into messages and exit codes."""

import json
import os
import sys
import traceback

import typer

from embedding_features.errors import EmbeddingFeaturesError
from jobs.commands import app
from jobs.console import STDERR

OURS, WRONG_USAGE, INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the command line; every error becomes a message on stderr and its exit code.

    With ``--json`` a failure also prints ``{"error": …, "exit_code": …}`` on stdout, so that a machine
    always reads one object.
    """
    os.environ.setdefault("FEAST_USAGE", "False")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code."""
    try:
        result = app(arguments, standalone_mode=False)
    except typer.Abort:
        return fail("interrupted; the same command resumes", INTERRUPTED, arguments)
    except typer.TyperException as error:
        return fail(f"{error}\n  fix: see `embedding-features --help`", WRONG_USAGE, arguments)
    except EmbeddingFeaturesError as error:
        return fail(str(error), error.exit_code, arguments)
    except OSError as error:
        return fail(system_message(error), WRONG_USAGE, arguments)
    except Exception as error:
        STDERR.print(traceback.format_exc(), markup=False, highlight=False)
        fault = (
            f"{type(error).__name__}: {error}\n  fix: a fault of ours; please report it with what is above"
        )
        return fail(fault, OURS, arguments)
    if result == INTERRUPTED:  # what typer makes of Ctrl-C
        return fail("interrupted; the same command resumes", INTERRUPTED, arguments)
    return result if isinstance(result, int) else 0


def system_message(error: OSError) -> str:
    """Return what the operating system refused, and where."""
    paths = " → ".join(str(path) for path in (error.filename, error.filename2) if path is not None)
    what = f"{paths}: {error.strerror or error}" if paths else f"{error.strerror or error}"
    return f"{what}\n  fix: check that path, who may read and write there, and the space left"


def fail(message: str, code: int, arguments: list[str]) -> int:
    """Tell a failure once to the person and, with ``--json``, once to the machine; return its code."""
    STDERR.print(f"error: {message}", markup=False, highlight=False, style="red")
    if "--json" in arguments:
        typer.echo(json.dumps({"error": message, "exit_code": code}))
    return code
