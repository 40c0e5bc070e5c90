"""``quickstart``: the main job on real data."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.pipeline import run_step
from jobs.options import CONFIG_HELP, JsonOption, TrackOption, epilog, run_tracked

EPILOG = epilog("embedding-features quickstart --config ciao")


def command(
    config: Annotated[
        Path,
        typer.Option("--config", "-c", help=CONFIG_HELP, metavar="YAML"),
    ] = Path("ml100k"),
    track: TrackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Logs to ablation report in one command; running it again resumes what is done."""
    run_tracked(lambda progress, tracked: run_step("quickstart", config, progress, tracked), track, as_json)
