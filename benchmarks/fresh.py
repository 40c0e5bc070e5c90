"""Measures what fresh figures bring rankers, beside a baseline as fresh as they are.

A pipeline runs in a temporary folder with two variants, the baseline and ``fresh``, three rankers and three
seeds: snapshots in the order of time, labels split by time, a paired bootstrap over users. With ``--target``
rankers learn from few labels of one surface, and the baseline knows what users did elsewhere. Settings were
chosen on validation parts.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.fresh_ctr import ctr_figures
from benchmarks.fresh_figures import BASELINE, FRESH, METRICS, change_figures
from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.arrays import Bool
from embedding_features.progress import SILENT
from embedding_features.store import ensure_repo, list_published
from jobs.commands.steps import STEPS, PipelineRun
from jobs.pipeline import Pipeline
from jobs.sections import Surface
from jobs.steps.rank import RankResult, fresh_series
from jobs.steps.studies import late, surface
from ranking.ablation.ablate import ablate
from ranking.inputs.fields import Vector
from ranking.metrics.metrics import auc
from ranking.studies import new_surface
from ranking.task.labels import load_labels

CONFIGS = Path(__file__).parents[1] / "jobs" / "configs"
#: name of a target → the pipeline's surface
TARGETS = {"scifi": {"name": "science fiction", "column": "genres", "value": "Sci-Fi"}}


def main() -> None:
    """Run the pipeline, and report each ranker's difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=("ml100k", "ciao", "ml1m"), default="ml100k")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--target", choices=tuple(TARGETS), help="a new surface with few labels, of ml100k")
    parser.add_argument("--labels", type=int, default=500, help="of the target, to learn from")
    parser.add_argument(
        "--lag",
        nargs="+",
        default=[],
        help="such as 1m or 1h: also measure LightGBM with events seen so late; the baseline is never late",
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    if (arguments.target or arguments.lag) and arguments.dataset != "ml100k":
        parser.error("--target and --lag are of ml100k")
    data_root(arguments.dataset)
    os.environ["EMBEDDING_FEATURES_DATA"] = str(data_root().resolve())
    # the pipeline's paths begin at the working directory
    with timed() as clock, tempfile.TemporaryDirectory() as folder, chdir(folder):
        report = measured(arguments)
    head = {name: value for name, value in vars(arguments).items() if name not in ("json", "lag")}
    emit({**head, **report, "seconds": clock.seconds, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return ranker → its figures; ``lag`` → LightGBM's difference where events are seen so late."""
    if arguments.dataset == "ml1m":
        return ctr_figures(range(arguments.seeds))
    run = PipelineRun(_pipeline(arguments), SILENT)
    ensure_repo(run.pipeline.publish.repo)
    for name in ("data", "graph", "pretrain", "derive", "publish"):
        STEPS[name](run)
    section = run.pipeline.surface
    return _on_all(run) if section is None else _on_surface(run.pipeline, section)


def _pipeline(arguments: argparse.Namespace) -> Pipeline:
    values = yaml.safe_load((CONFIGS / f"{arguments.dataset}.yaml").read_text(encoding="utf-8"))
    values["rank"] |= {"grid": [{"features": [BASELINE, FRESH]}], "seeds": list(range(arguments.seeds))}
    values["ablate"] = {"metrics": list(METRICS)}
    values |= {"submodel": None, "surface": None, "late": None}
    if arguments.target:
        values["surface"] = TARGETS[arguments.target] | {"labels": [arguments.labels]}
    if arguments.lag:
        lags = [lag for lag in arguments.lag if lag != "0s"]
        values["late"] = {"lags": lags, "seeds": values["rank"]["seeds"]}
    return Pipeline.model_validate(values)


def _on_surface(pipeline: Pipeline, section: Surface) -> dict[str, Any]:
    """Return ranker → what it reaches on the target; its baseline knows what users did elsewhere."""
    section = section.model_copy(update={"rankers": pipeline.rank.rankers})
    published, labels = list_published(pipeline.publish.repo), load_labels(pipeline.rank.task)
    series, moments = fresh_series(pipeline, published, SILENT), sorted({run.as_of for run in published})
    (found,) = surface(pipeline, section, labels, moments, series, SILENT)
    figures = change_figures(found.cells, new_surface.BASELINE)
    for cell in found.cells:
        if (cell.variant, cell.metric) == ("surface", "auc"):
            figures[cell.ranker]["surface_auc"] = cell.figure.value
    return {"rows": found.rows, "users": found.users, **figures}


def _on_all(run: PipelineRun) -> dict[str, Any]:
    pipeline, ranked = run.pipeline, run.ranked
    found = ablate(ranked.scores, pipeline.ablate)
    unknown = _without_vector(ranked, pipeline.pretrain.family_name)
    report: dict[str, Any] = dict(change_figures(found.cells))
    for ranker in pipeline.rank.rankers:
        baseline, fresh = (_mean_auc(ranked, ranker, variant, unknown) for variant in (BASELINE, FRESH))
        report[ranker] = {**report[ranker], "without_vector_difference": fresh - baseline}
    if pipeline.late:
        by_lag = {cell.variant: cell.difference for cell in late(pipeline, pipeline.late, ranked, SILENT)}
        report["lag"] = {lag: change.value for lag, change in by_lag.items() if change}
    return report


def _mean_auc(ranked: RankResult, ranker: str, variant: str, rows: Bool) -> float:
    """Return the AUC of some test rows, a mean over seeds."""
    scores: Mapping[str, Any] = ranked.scores.scores[ranker]
    label = ranked.scores.label[rows]
    return float(np.mean([auc(label, score[rows]) for score in scores[variant]]))


def _without_vector(ranked: RankResult, family: str) -> Bool:
    """Return which test rows are of users without a vector in the newest snapshot before the row."""
    vectors = {field.name: field for field in ranked.dataset.inputs.of(Vector)}
    present = vectors[f"{family}_user_vector"].present
    return np.asarray(~present[ranked.dataset.parts["test"]])


if __name__ == "__main__":
    main()
