"""``quickstart``: runs every step of a pipeline, one after the other."""

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from jobs.commands.pipeline import run_step
from jobs.commands.steps import STEPS, PipelineRun
from jobs.console import note
from jobs.options import CONFIG_HELP, JsonOption, TrackOption, epilog, run_tracked

EPILOG = epilog("embedding-features quickstart --config ciao")

#: what the modes beside the feature mode measured, shown with the ablation
_MODES = ("recall_mode", "submodel_mode", "new_surface")


def command(
    config: Annotated[
        Path,
        typer.Option("--config", "-c", help=CONFIG_HELP, metavar="YAML"),
    ] = Path("ml100k"),
    track: TrackOption = None,
    as_json: JsonOption = False,
) -> None:
    """Logs to ablation report in one command; running it again resumes what is done."""
    run_tracked(lambda progress, tracked: run_step(quickstart, config, progress, tracked), track, as_json)


def quickstart(run: PipelineRun) -> dict[str, Any]:
    """Run all steps; what is finished already is found, not made again. A missing repository is made."""
    from embedding_features.store import ensure_repo

    pipeline = run.pipeline
    ensure_repo(pipeline.publish.repo)
    sections = {
        "data": pipeline.dataset,
        "submodel": pipeline.submodel,
        "surface": pipeline.surface,
    }  # steps that a pipeline may lack
    steps = {name: step for name, step in STEPS.items() if sections.get(name, name) is not None}
    if pipeline.minutes is not None:
        note(f"{pipeline.name}: {len(steps)} steps, about {pipeline.minutes:g} minutes on two cores")
    result: dict[str, Any] = {}
    started = perf_counter()
    for number, (name, step) in enumerate(steps.items(), 1):
        note(f"[{number}/{len(steps)}] {name}: {(step.__doc__ or '').strip()}")
        begun = perf_counter()
        result = {key: result[key] for key in _MODES if key in result} | step(run)
        note(f"[{number}/{len(steps)}] {name}: {perf_counter() - begun:.1f} s")
    seconds = round(perf_counter() - started, 1)
    return {**result, "seconds": seconds, "report": str(Path(result["report"]).resolve())}
