"""``surface`` and the study of late events: experiments beside the grid, on what is published."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.fresh import FreshSeries
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline
from jobs.sections import LateEvents, Surface
from jobs.steps.rank import RankResult
from ranking.ablation.cells import ComparedCell
from ranking.ablation.findings import interval, number
from ranking.ablation.judge import compare
from ranking.ablation.result import SurfaceResult
from ranking.experiment.run import run_grid
from ranking.log_features.log import Log
from ranking.studies import late_events, new_surface


def surface(
    pipeline: Pipeline,
    section: Surface,
    labels: pa.Table,
    moments: Sequence[datetime],
    fresh: Sequence[FreshSeries],
    progress: Progress,
) -> tuple[SurfaceResult, ...]:
    """Return what rankers reach on a new surface, for each number of labels; cells are kept.

    Args:
        pipeline: its settings.
        section: the surface.
        labels: of all surfaces, as :func:`.load_labels` returns them.
        moments: the snapshots' ``as_of``.
        fresh: what makes fresh figures.
        progress: shows the cells.

    Raises:
        ConfigError: when no item is of the surface, or it has too few labels.
    """
    task, log = pipeline.rank.task, Log.of(labels)
    items = new_surface.surface_items(task, section.column, section.value, log.items)
    with progress.task("surface: raw columns", 1) as advance:
        made = new_surface.NewSurface.of(task, log, items, moments, fresh)
        advance()
    return tuple(_surface(pipeline, section, made, count, progress) for count in section.labels)


def _surface(
    pipeline: Pipeline, section: Surface, made: new_surface.NewSurface, labels: int, progress: Progress
) -> SurfaceResult:
    dataset = made.dataset(labels)
    scores = run_grid(
        dataset,
        new_surface.surface_arms(dataset),
        section.rankers,
        pipeline.workspace.root / "surface",
        seeds=pipeline.rank.seeds,
        progress=progress,
    )
    config = pipeline.ablate.model_copy(update={"baseline": new_surface.BASELINE})
    users = int(np.unique(scores.user).size)
    return SurfaceResult(
        name=section.name, labels=labels, rows=len(scores.label), users=users, cells=compare(scores, config)
    )


def surface_rows(surfaces: Sequence[SurfaceResult], metric: str) -> dict[str, Any]:
    """Return a row a number of labels, ranker and arm: one metric, with its difference from the baseline."""
    return {
        "new_surface": [
            {
                "surface": surface.name,
                "labels": surface.labels,
                "ranker": cell.ranker,
                "sees": cell.variant,
                cell.metric: number(metric, cell.figure.value),
                "difference": interval(metric, cell.difference) if cell.difference else "",
                "verdict": cell.verdict or "",
            }
            for surface in surfaces
            for cell in surface.cells
            if cell.metric == metric
        ]
    }


def late(
    pipeline: Pipeline, section: LateEvents, ranked: RankResult, progress: Progress
) -> tuple[ComparedCell, ...]:
    """Return what fresh figures bring when events are seen late, a lag a variant; cells are kept."""
    ranker = pipeline.rank.rankers[section.ranker]
    arms = late_events.late_arms(
        ranked.dataset,
        pipeline.rank.task,
        Log.of(ranked.labels),
        ranked.fresh,
        pipeline.grid_context,
        section.lags,
    )
    scores = run_grid(
        ranked.dataset,
        arms,
        {section.ranker: ranker},
        pipeline.workspace.ranking,
        seeds=section.seeds,
        progress=progress,
    )
    by_lag = {
        name: {"0s" if arm == late_events.FRESH else arm: score for arm, score in arms_.items()}
        for name, arms_ in scores.scores.items()
    }
    about = {"baseline": late_events.BASELINE, "metrics": (pipeline.ablate.primary,)}
    return compare(replace(scores, scores=by_lag), pipeline.ablate.model_copy(update=about))
