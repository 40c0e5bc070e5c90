"""The jobs that run one step of a pipeline's YAML: all are called alike.

What a step needs (torch, Feast) is imported when it runs, so that ``--help`` is quick.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import typer

from jobs.mlflow_figures import data_fingerprint
from jobs.options import ConfigOption, JsonOption, TrackOption, epilog, run_tracked
from jobs.tracking import Track, TrackedRun

if TYPE_CHECKING:
    from embedding_features.progress import Progress
    from jobs.pipeline import Pipeline


_CONFIGS = Path(__file__).resolve().parent.parent / "configs"


class Step(Protocol):
    """A module of ``jobs.steps``."""

    def run(self, pipeline: "Pipeline", progress: "Progress") -> dict[str, Any]: ...


def pipeline_command(app: typer.Typer, name: str, help_: str) -> None:
    """Register ``embedding-features <name> --config YAML``, which runs ``jobs.steps.<name>``."""

    @app.command(name, help=help_, epilog=epilog(f"embedding-features {name} --config pipeline.yaml --json"))
    def command(config: ConfigOption, track: TrackOption = None, as_json: JsonOption = False) -> None:
        run_tracked(lambda progress, tracked: run_step(name, config, progress, tracked), track, as_json)


def run_step(name: str, config: Path, progress: "Progress", track: Track) -> dict[str, Any]:
    """One step, alone in its workspace, until it is tracked."""
    from jobs.pipeline import load_pipeline

    pipeline = load_pipeline(config_file(config))
    step = cast(Step, import_module(f"jobs.steps.{name}"))
    workspace = pipeline.workspace
    subject = TrackedRun(
        job=name,
        experiment=pipeline.name,
        settings=pipeline.model_dump(mode="json"),
        fingerprint=lambda: data_fingerprint(workspace),
    )
    with workspace.locked():
        return track(subject, lambda: step.run(pipeline, progress))


def config_file(config: Path) -> Path:
    """A YAML, or the one shipped with the package that a bare name such as ``ciao`` says."""
    shipped = _CONFIGS / f"{config}.yaml"
    return shipped if len(config.parts) == 1 and shipped.is_file() and not config.exists() else config
