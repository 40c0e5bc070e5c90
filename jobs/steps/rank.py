"""``rank``: joins training sets from Feast, and trains every ranker on every variant with every seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.errors import ConfigError, StoreError
from embedding_features.fresh import FreshSeries
from embedding_features.progress import Progress
from embedding_features.store import Published, historical, list_published
from jobs.pipeline import Pipeline
from jobs.sections import Rank
from jobs.steps.submodel import encoder_snapshot, submodel_settings
from ranking.bundle import Bundle
from ranking.bundle.best import export_best
from ranking.dataset.dataset import Dataset, encode_dataset
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.experiment.arm import Arm
from ranking.experiment.arms import make_arm
from ranking.experiment.leak_check import check_leaks
from ranking.experiment.run import run_grid
from ranking.experiment.scores import Scores
from ranking.metrics.metrics import auc
from ranking.modes.sub_model_arm import encode_rows, sub_model_arm
from ranking.task.labels import entity_frame, load_labels


@dataclass(frozen=True)
class RankResult:
    """Holds what the grid learned and what it learned from.

    Attributes:
        scores: of every cell, on the test rows.
        labels: as :func:`.load_labels` returns them.
        published: the snapshots behind the features.
        dataset: the inputs of all variants.
        bundles: ranker → the bundle of its best variant.
        fresh: what made the fresh figures.
    """

    scores: Scores
    labels: pa.Table
    published: list[Published]
    dataset: Dataset
    bundles: dict[str, Bundle]
    fresh: Sequence[FreshSeries]


def rank(pipeline: Pipeline, progress: Progress) -> RankResult:
    """Train what is missing of the grid, and export each ranker's best variant.

    Raises:
        StoreError: when nothing is published.
        LeakError: when a column tells what only the future knows.
    """
    settings, workspace = pipeline.rank, pipeline.workspace
    published = list_published(pipeline.publish.repo)
    if not published:
        raise StoreError(
            f"nothing is published in {pipeline.publish.repo}", fix="run `embedding-features publish` first"
        )
    labels = load_labels(settings.task)
    with progress.task("rank: point-in-time join", 1) as advance:
        features = historical(pipeline.publish.repo, entity_frame(settings.task, labels), settings.service)
        advance()
    moments = sorted({run_.as_of for run_ in published})
    fresh = fresh_series(pipeline, published, progress)
    dataset = _checked_dataset(settings, labels, features, moments, fresh, progress)
    scores = run_grid(
        dataset,
        _arms(pipeline, labels, dataset, progress),
        settings.rankers,
        workspace.ranking,
        seeds=settings.seeds,
        progress=progress,
    )
    bundles = export_best(
        settings.rankers,
        settings.variants,
        scores,
        dataset,
        published,
        workspace.bundles,
        fresh=fresh,
        grid=pipeline.grid_context,
        seed=settings.seeds[0],
        progress=progress,
    )
    return RankResult(scores, labels, published, dataset, bundles, fresh)


def _checked_dataset(
    settings: Rank,
    labels: pa.Table,
    features: pa.Table,
    moments: Sequence[datetime],
    fresh: Sequence[FreshSeries],
    progress: Progress,
) -> Dataset:
    """Return the inputs of all variants, of raw columns that passed the leak check."""
    with progress.task("rank: raw columns", 1) as advance:
        views = find_graph_columns(settings.task, features)
        raw = RawColumns(settings.task, labels, views, moments, fresh=fresh)
        advance()
    check_leaks(raw, features, settings.leaks, progress)
    return encode_dataset(raw, features, progress)


def fresh_series(pipeline: Pipeline, published: Sequence[Published], progress: Progress) -> list[FreshSeries]:
    """Return what makes fresh figures, a family and side each; nothing where no variant sees any.

    Raises:
        ConfigError: when the settings name a family that is not pretrained.
    """
    settings = pipeline.rank.fresh
    if not pipeline.rank.needs_fresh:
        return []
    known = [method.family_name for method in pipeline.methods]
    families = known if settings.families is None else settings.families
    unknown = sorted(set(families) - set(known))
    if unknown:
        raise ConfigError(
            f"fresh families {', '.join(unknown)} are not pretrained", fix=f"name some of {', '.join(known)}"
        )
    series = []
    with progress.task("rank: fold-ins", len(families) * len(settings.whose)) as advance:
        for family in families:
            snapshots = [run_.snapshot for run_ in published if run_.family == family]
            for side in settings.whose:
                node_type = pipeline.rank.task.side(side).node_type
                series.append(FreshSeries.read(snapshots, node_type, settings.recipes, settings.last))
                advance(1, family)
    return series


def _arms(pipeline: Pipeline, labels: pa.Table, dataset: Dataset, progress: Progress) -> Sequence[Arm]:
    """Return the variants of the grid, ready to train."""
    grid, task = pipeline.grid_context, pipeline.rank.task

    def around_encoder(name: str) -> Arm:
        settings = submodel_settings(pipeline)
        snapshot = encoder_snapshot(settings, pipeline.graph, pipeline.workspace, progress)
        encoded = encode_rows(task, labels, snapshot, pipeline.as_of.moments(), progress)
        return sub_model_arm(task, encoded, name, settings.tuning)

    if grid.sub_model is not None:
        grid = replace(grid, sub_model=replace(grid.sub_model, arm=around_encoder))
    return [make_arm(dataset, variant, grid) for variant in pipeline.rank.variants]


def rank_rows(ranked: RankResult) -> dict[str, Any]:
    """Return each cell's test AUC, averaged over seeds, and where the bundles are."""
    return {**_summary(ranked.scores), "bundles": bundle_rows(ranked.bundles)}


def bundle_rows(bundles: Mapping[str, Bundle]) -> list[dict[str, str]]:
    """Return a row a ranker: where its bundle is."""
    return [{"ranker": name, "bundle": str(bundle.folder)} for name, bundle in bundles.items()]


def _summary(scores: Scores) -> dict[str, Any]:
    """Return a row a ranker and variant."""
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
