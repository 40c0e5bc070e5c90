"""``quickstart``: the main job on real data."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.commands.pipeline import config_file, run_step
from jobs.options import JsonOption, epilog, run_job

EPILOG = epilog("embedding-features quickstart")


def command(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="A pipeline's YAML.  [default: MovieLens-100K]", metavar="YAML"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Logs to ablation report in one command; running it again resumes what is done."""
    chosen = config or config_file("ml100k.yaml")
    run_job(lambda progress: run_step("quickstart", chosen, progress), as_json)
