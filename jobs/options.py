"""Options that several jobs share, and the one way in which a job is run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from embedding_features.progress import Progress
from jobs.console import STDERR, Bars, emit
from jobs.tracking import NOT_TRACKED, Track, Tracking, untracked

EXIT_CODES = (
    "Exit codes: 0 done · 1 a fault of ours · 2 wrong usage or input · 3 the health gate refused · "
    "4 a leak was found · 5 spaces or codebooks do not fit · 6 Feast failed · 7 done, but not tracked · "
    "130 interrupted, rerun resumes."
)

CONFIG_HELP = "The pipeline's YAML, or one shipped: ml100k, ciao."
ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help=CONFIG_HELP, show_default=False, metavar="YAML")
]
TrackOption = Annotated[
    Literal["mlflow"] | None,
    typer.Option("--track", help="Record parameters, figures, report and bundles in MLflow."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for machines.")]


def epilog(example: str) -> str:
    """Return the end of a command's help: an example and the exit codes."""
    return f"Example: {example}\n\n{EXIT_CODES}"


def run_job(job: Callable[[Progress], Mapping[str, Any]], as_json: bool) -> None:
    """Run a job under progress bars and print what it returns."""
    emit(job(Bars()), as_json)


def run_tracked(
    job: Callable[[Progress, Track], dict[str, Any]], tracker: Literal["mlflow"] | None, as_json: bool
) -> None:
    """Run a job that hands its work to a tracker, and print what it returns, tracked or not.

    Args:
        job: gets the bars, and what it hands its work to.
        tracker: None to track nothing.
        as_json: print one JSON object.

    Raises:
        ConfigError: before anything else, when the tracker is not installed.
        Exit: with NOT_TRACKED, when the job is done and the tracker does not have all of it.
    """
    tracking = Tracking() if tracker else None
    run_job(lambda progress: job(progress, tracking or untracked), as_json)
    if tracking and tracking.failure:
        message = f"error: the job is done, but MLflow does not have all of it: {tracking.failure}"
        STDERR.print(message, markup=False, highlight=False, style="red")
        raise typer.Exit(NOT_TRACKED)
