"""``tune``: searches for better settings of a pipeline's method, and writes the section to use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from embedding_features.config import parse_config
from embedding_features.errors import ConfigError
from embedding_features.files import write_atomic
from embedding_features.graph import Graph
from embedding_features.methods import get_method
from embedding_features.progress import Progress
from embedding_features.tuning import Tuned, Tuning, tune
from jobs.pipeline import Pipeline
from jobs.sections import Pretrain
from jobs.steps.graph import save_graph


@dataclass(frozen=True)
class TuneOptions:
    """Holds what the command line says of a search; :func:`embedding_features.tuning.tune` explains it.

    Attributes:
        method: family or method of the pipeline, or another registered method; None: that of ``pretrain``.
        parameters: to search; none given: all that are tunable.
        as_of: moment of the graph; None: the pipeline's first one.
        trials: how many.
        minutes: after which no further trial begins; None: no limit.
        metric: to search by.
        split: how pairs are held out; None: by time where the relation has times.
    """

    method: str | None
    parameters: Sequence[str]
    as_of: str | None
    trials: int
    minutes: float | None
    metric: str
    split: Literal["time", "random"] | None


def run(pipeline: Pipeline, options: TuneOptions, progress: Progress) -> dict[str, Any]:
    """Search on the graph as of a moment, and write the section with the best settings.

    Args:
        pipeline: its logs are what is learned from, and its method where the search starts.
        options: of the search.
        progress: shows the trials.
    """
    section = _section(pipeline, options.method)
    as_of = _moment(pipeline, options.as_of)
    judged = {"metric": options.metric, "by": options.split, "seed": section.seed}
    with pipeline.workspace.locked():
        folder = save_graph(pipeline.graph, as_of, None, pipeline.workspace.graphs)
    tuned = tune(
        section.method,
        Graph.load(Path(folder)),
        section.params,
        parameters=options.parameters or None,
        settings=parse_config(judged, Tuning, "the command line"),
        trials=options.trials,
        minutes=options.minutes,
        root=pipeline.workspace.tuning,
        progress=progress,
    )
    place = "also" if section in pipeline.also else "pretrain"
    return _result(tuned, as_of, options.metric, _write(tuned, section, place, options.metric))


def _section(pipeline: Pipeline, name: str | None) -> Pretrain:
    """Return the section of a family or method; for one that the pipeline lacks, its defaults.

    These are on the relation of ``pretrain``, for a graph has several.
    """
    if name is None:
        return pipeline.pretrain
    named = [one for one in pipeline.methods if name == one.family_name]
    named += [one for one in pipeline.methods if name == one.method]
    if named:
        return named[0]
    shared = {"relation"} & set(get_method(name).parameters) & set(pipeline.pretrain.params)
    return Pretrain(method=name, params={key: pipeline.pretrain.params[key] for key in shared})


def _moment(pipeline: Pipeline, as_of: str | None) -> datetime:
    """Return the moment of the graph.

    By default that is the first one, which knows none of the labels that later snapshots are judged by.
    """
    if as_of is None:
        return pipeline.as_of.first
    try:
        return TypeAdapter(AwareDatetime).validate_python(as_of)
    except ValidationError:
        raise ConfigError(
            f"{as_of!r} is not a moment", fix="write for example 2026-06-01T00:00:00Z"
        ) from None


def _write(tuned: Tuned, section: Pretrain, place: str, metric: str) -> Path:
    """Write the section with the best settings beside the search's journal, and return the file."""
    chosen = section.model_copy(update={"method": section.method, "params": tuned.parameters})
    found = chosen.model_dump(mode="json", exclude_unset=True)
    text = yaml.safe_dump({place: [found] if place == "also" else found}, sort_keys=False)
    figures = f"{metric} {tuned.best.figure:.4f} on the validation split, {tuned.start.figure:.4f} before"
    assert tuned.folder is not None
    path = tuned.folder / "section.yaml"
    write_atomic(path, f"# {figures}; {len(tuned.trials)} trials\n{text}".encode())
    return path


def _result(tuned: Tuned, as_of: datetime, metric: str, path: Path) -> dict[str, Any]:
    best, start = tuned.best, tuned.start
    return {
        "method": tuned.method,
        "as_of": as_of.isoformat(),
        "metric": metric,
        "best": best.figure,
        "before": start.figure,
        "users": best.result.users if best.result else 0,
        "parameters": [
            {
                "parameter": key,
                "best": best.parameters[key],
                "before": start.parameters[key],
                "searched": str(one),
            }
            for key, one in tuned.space.items()
        ],
        "trials": len(tuned.trials),
        "pruned": tuned.count("pruned"),
        "failed": tuned.count("failed"),
        "seconds": round(tuned.seconds, 1),
        "yaml": str(path),
    }
