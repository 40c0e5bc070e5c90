"""Options that several jobs share, and the one way a job is run and its errors told."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from embedding_features.progress import Progress
from jobs.console import Bars, emit

EXIT_CODES = (
    "Exit codes: 0 done · 1 a fault of ours · 2 wrong usage or input · 3 the health gate refused · "
    "4 a leak was found · 5 spaces or codebooks do not fit · 6 Feast failed · 130 interrupted, rerun resumes."
)

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The pipeline's YAML.", show_default=False, metavar="YAML")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for machines.")]


def epilog(example: str) -> str:
    """The end of a command's help: an example and the exit codes."""
    return f"Example: {example}\n\n{EXIT_CODES}"


def run_job(job: Callable[[Progress], Mapping[str, Any]], as_json: bool) -> None:
    """Run a job under progress bars and print what it returns."""
    emit(job(Bars()), as_json)
