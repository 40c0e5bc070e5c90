"""The commands that run one step of a pipeline's YAML, all called alike."""

from pathlib import Path
from typing import Any

import typer

from embedding_features.progress import Progress
from jobs.commands.steps import PipelineRun, Step
from jobs.mlflow_figures import data_fingerprint
from jobs.options import ConfigOption, JsonOption, TrackOption, epilog, run_tracked
from jobs.tracking import Track, TrackedRun

_CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def pipeline_command(app: typer.Typer, step: Step) -> None:
    """Register ``embedding-features <step> --config YAML``; the step's docstring is its help."""
    name = step.__name__
    example = epilog(f"embedding-features {name} --config pipeline.yaml --json")

    @app.command(name, help=step.__doc__, epilog=example)
    def command(config: ConfigOption, track: TrackOption = None, as_json: JsonOption = False) -> None:
        run_tracked(lambda progress, tracked: run_step(step, config, progress, tracked), track, as_json)


def run_step(step: Step, config: Path, progress: Progress, track: Track) -> dict[str, Any]:
    """Run a step, alone in its workspace until it is tracked, and return its result."""
    from jobs.pipeline import load_pipeline

    pipeline = load_pipeline(config_file(config))
    workspace = pipeline.workspace
    tracked = TrackedRun(
        job=step.__name__,
        experiment=pipeline.name,
        settings=pipeline.model_dump(mode="json"),
        fingerprint=lambda: data_fingerprint(workspace),
    )
    with workspace.locked():
        return track(tracked, lambda: step(PipelineRun(pipeline, progress)))


def config_file(config: Path) -> Path:
    """Return a YAML's path; a bare name such as ``ciao`` is the one shipped with the package."""
    shipped = _CONFIGS / f"{config}.yaml"
    return shipped if len(config.parts) == 1 and shipped.is_file() and not config.exists() else config
