"""Measures what fresh figures bring rankers on MovieLens-100K, beside a baseline as fresh as they are.

The quickstart's own pipeline runs in a temporary folder with two variants, the baseline and ``fresh``, three
rankers and three seeds: snapshots every two weeks, labels split by time, a paired bootstrap over users. The
settings were chosen on the validation part.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.fresh_lag import LAGS, lag_differences
from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.arrays import Bool
from embedding_features.progress import SILENT
from embedding_features.store import ensure_repo
from jobs.commands.steps import STEPS, PipelineRun
from jobs.pipeline import Pipeline
from jobs.steps.rank import RankResult
from ranking.ablation.ablate import ablate
from ranking.ablation.result import Ablation
from ranking.inputs.fields import Vector
from ranking.log_features.log import Log
from ranking.metrics.metrics import auc

CONFIG = Path(__file__).parents[1] / "jobs" / "configs" / "ml100k.yaml"
BASELINE, FRESH = "none", "fresh"


def main() -> None:
    """Run the pipeline, and report each ranker's difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=("ml100k",), default="ml100k")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--lag",
        nargs="+",
        choices=tuple(LAGS),
        default=[],
        help="also measure LightGBM with events that are seen so late; the baseline is never late",
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    data_root(arguments.dataset)
    os.environ["EMBEDDING_FEATURES_DATA"] = str(data_root().resolve())
    # the pipeline's paths begin at the working directory
    with timed() as clock, tempfile.TemporaryDirectory() as folder, chdir(folder):
        report = measured(arguments.seeds, arguments.lag)
    head = {"dataset": arguments.dataset, "seeds": arguments.seeds}
    emit({**head, **report, "seconds": clock.seconds, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def measured(seeds: int, lags: Sequence[str]) -> dict[str, Any]:
    """Return ranker → its figures, and ``lag`` → the difference of LightGBM at each lag."""
    values = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    values["rank"] |= {"grid": [{"features": [BASELINE, FRESH]}], "seeds": list(range(seeds))}
    values["ablate"] = {"metrics": ["auc", "gauc", "log_loss"]}
    pipeline = Pipeline.model_validate(values)
    ensure_repo(pipeline.publish.repo)
    run = PipelineRun(pipeline, SILENT)
    for name in ("data", "graph", "pretrain", "derive", "publish"):
        STEPS[name](run)
    ranked = run.ranked
    found = ablate(ranked.scores, pipeline.ablate)
    unknown = _without_vector(ranked, pipeline.pretrain.family_name)
    report: dict[str, Any] = {
        ranker: _figures(found, ranked, ranker, unknown) for ranker in pipeline.rank.rankers
    }
    if lags:
        log, grid = Log.of(ranked.labels), pipeline.grid_context
        report["lag"] = lag_differences(ranked.dataset, log, ranked.fresh, grid, lags, seeds)
    return report


def _figures(found: Ablation, ranked: RankResult, ranker: str, unknown: Bool) -> dict[str, float]:
    cells = {metric: found.cell(ranker, FRESH, metric) for metric in ("auc", "gauc", "log_loss")}
    changes = {metric: cell.difference for metric, cell in cells.items() if cell.difference is not None}
    by_variant = {variant: _mean_auc(ranked, ranker, variant, unknown) for variant in (BASELINE, FRESH)}
    return {
        "baseline_auc": found.cell(ranker, BASELINE, "auc").figure.value,
        "auc": cells["auc"].figure.value,
        "difference": changes["auc"].value,
        "low": changes["auc"].low,
        "high": changes["auc"].high,
        "gauc_difference": changes["gauc"].value,
        "log_loss_difference": changes["log_loss"].value,
        "without_vector_difference": by_variant[FRESH] - by_variant[BASELINE],
    }


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
