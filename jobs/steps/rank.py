"""``rank``: training sets from Feast, and every ranker on every variant with every seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.errors import StoreError
from embedding_features.progress import Progress
from embedding_features.store import Published, historical, list_published
from jobs.pipeline import Pipeline
from jobs.steps.bundles import export_best
from jobs.steps.leaks import check_leaks
from jobs.steps.sub_model_arm import submodel_arm
from ranking.bundle import Bundle
from ranking.dataset.dataset import Dataset, build_dataset
from ranking.experiment.arm import Arm
from ranking.experiment.arms import make_arm
from ranking.experiment.run import run_grid
from ranking.experiment.scores import Scores
from ranking.metrics.metrics import auc
from ranking.task.labels import entity_frame, load_labels


@dataclass(frozen=True)
class RankResult:
    """Test scores of the grid, what they were learned from, the snapshots behind the features, and of each
    ranker a bundle of its best variant."""

    scores: Scores
    labels: pa.Table
    snapshots: list[Published]
    dataset: Dataset
    bundles: dict[str, Bundle]


def rank(pipeline: Pipeline, progress: Progress) -> RankResult:
    """Train what is missing of the grid.

    Raises:
        StoreError: when nothing is published.
        LeakError: when a column tells what only the future knows.
    """
    settings = pipeline.rank
    snapshots = list_published(pipeline.publish.repo)
    if not snapshots:
        raise StoreError(
            f"nothing is published in {pipeline.publish.repo}", fix="run `embedding-features publish` first"
        )
    labels = load_labels(settings.task)
    with progress.task("rank: point-in-time join", 1) as advance:
        features = historical(pipeline.publish.repo, entity_frame(settings.task, labels), settings.service)
        advance()
    moments = sorted({run_.as_of for run_ in snapshots})
    check_leaks(settings, labels, features, moments, progress)
    dataset = build_dataset(settings.task, labels, features, moments, progress)
    scores = run_grid(
        dataset,
        _arms(pipeline, labels, dataset, progress),
        settings.rankers,
        pipeline.workspace.ranking,
        seeds=settings.seeds,
        progress=progress,
    )
    bundles = export_best(pipeline, scores, dataset, snapshots, progress)
    return RankResult(scores, labels, snapshots, dataset, bundles)


def _arms(pipeline: Pipeline, labels: pa.Table, dataset: Dataset, progress: Progress) -> Sequence[Arm]:
    """The variants of the grid, ready to train."""
    grid = pipeline.grid
    if grid.sub_model is not None:
        made = replace(grid.sub_model, arm=lambda name: submodel_arm(pipeline, labels, name, progress))
        grid = replace(grid, sub_model=made)
    return [make_arm(dataset, variant, grid) for variant in pipeline.rank.variants]


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Train every ranker with and without the features; their test AUC, averaged over seeds."""
    ranked = rank(pipeline, progress)
    return {**summary(ranked.scores), "bundles": bundle_rows(ranked.bundles)}


def bundle_rows(bundles: Mapping[str, Bundle]) -> list[dict[str, str]]:
    """Where each ranker's bundle is."""
    return [{"ranker": name, "bundle": str(bundle.folder)} for name, bundle in bundles.items()]


def summary(scores: Scores) -> dict[str, Any]:
    """A row a ranker and variant."""
    rows = [
        {
            "ranker": ranker,
            "variant": variant,
            "auc": float(np.mean([auc(scores.label, score) for score in seeds])),
            "training seconds": scores.seconds[ranker][variant],
        }
        for ranker, variants in scores.scores.items()
        for variant, seeds in variants.items()
    ]
    return {"test_rows": len(scores.label), "scores": rows}
