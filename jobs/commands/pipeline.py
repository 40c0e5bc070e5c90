"""The jobs that run one step of a pipeline's YAML: all are called alike.

What a step needs (torch, Feast) is imported when it runs, so that ``--help`` is quick.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import typer

from jobs.options import ConfigOption, JsonOption, epilog, run_job

if TYPE_CHECKING:
    from embedding_features.progress import Progress
    from jobs.pipeline import Pipeline


class Step(Protocol):
    """A module of ``jobs.steps``."""

    def run(self, pipeline: "Pipeline", progress: "Progress") -> dict[str, Any]: ...


def pipeline_command(app: typer.Typer, name: str, help_: str) -> None:
    """Register ``embedding-features <name> --config YAML``, which runs ``jobs.steps.<name>``."""

    @app.command(name, help=help_, epilog=epilog(f"embedding-features {name} --config pipeline.yaml --json"))
    def command(config: ConfigOption, as_json: JsonOption = False) -> None:
        run_job(lambda progress: run_step(name, config, progress), as_json)


def run_step(name: str, config: Path, progress: "Progress") -> dict[str, Any]:
    """One step, alone in its workspace."""
    from jobs.pipeline import load_pipeline

    pipeline = load_pipeline(config)
    step = cast(Step, import_module(f"jobs.steps.{name}"))
    with pipeline.workspace.locked():
        return step.run(pipeline, progress)


def config_file(name: str) -> Path:
    """A pipeline that is shipped with the package."""
    return Path(__file__).resolve().parent.parent / "configs" / name
