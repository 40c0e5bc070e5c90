"""The jobs that run one step of a pipeline's YAML: all are called alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from embedding_features.progress import Progress
from jobs.options import ConfigOption, JsonOption, epilog, run_job
from jobs.pipeline import Pipeline, load_pipeline

Step = Callable[[Pipeline, Progress], dict[str, Any]]


def pipeline_command(app: typer.Typer, name: str, step: Step, help_: str) -> None:
    """Register ``embedding-features <name> --config YAML``."""

    @app.command(name, help=help_, epilog=epilog(f"embedding-features {name} --config pipeline.yaml --json"))
    def command(config: ConfigOption, as_json: JsonOption = False) -> None:
        run_job(lambda progress: run_step(load_pipeline(config), step, progress), as_json)


def run_step(pipeline: Pipeline, step: Step, progress: Progress) -> dict[str, Any]:
    """One step, alone in its workspace."""
    with pipeline.workspace.locked():
        return step(pipeline, progress)


def config_file(name: str) -> Path:
    """A pipeline that is shipped with the package."""
    return Path(__file__).resolve().parent.parent / "configs" / name
