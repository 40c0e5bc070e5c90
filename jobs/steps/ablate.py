"""``ablate``: says what each kind of feature brought, with intervals and verdicts, as HTML and JSON."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from embedding_features.progress import Progress
from jobs.pipeline import Pipeline
from jobs.steps.ablation_context import report_context
from jobs.steps.rank import RankResult, bundle_rows
from jobs.steps.recall import logged_requests, searched_family
from jobs.steps.studies import late
from ranking.ablation.ablate import ablate
from ranking.ablation.cells import RecallCell
from ranking.ablation.result import SurfaceResult
from ranking.bundle.costs import grid_costs, newest_read_ms
from ranking.models import LightGBM
from ranking.modes.recall_mixes import ablate_recall
from ranking.report.render import render
from ranking.report.summary import summary_rows


def _recall(pipeline: Pipeline, ranked: RankResult, progress: Progress) -> Sequence[RecallCell]:
    """Return the recall mode's own comparison; nothing where no method has vectors of both sides."""
    if searched_family(pipeline, ranked) is None:
        return ()
    return ablate_recall(
        logged_requests(pipeline, ranked),
        pipeline.recall.stage,
        pipeline.recall.ranker or LightGBM(),
        ranked.dataset.encoders,
        pipeline.ablate,
        k=pipeline.recall.k,
        seed=pipeline.rank.seeds[0],
        progress=progress,
    )


def run(
    pipeline: Pipeline, ranked: RankResult, surfaces: Sequence[SurfaceResult], progress: Progress
) -> dict[str, Any]:
    """Compare every variant with its ranker's baseline; write ``report/ablation.json`` and ``.html``."""
    settings = pipeline.rank
    costs = grid_costs(
        settings.variants,
        ranked.scores,
        ranked.dataset,
        ranked.published,
        partial(newest_read_ms, pipeline.publish.repo, settings.task, ranked.labels),
        grid=pipeline.grid_context,
    )
    ablation = ablate(
        ranked.scores,
        pipeline.ablate,
        progress,
        costs=costs,
        recall=_recall(pipeline, ranked, progress),
        surfaces=surfaces,
        late=() if pipeline.late is None else late(pipeline, pipeline.late, ranked, progress),
    )
    folder = pipeline.workspace.report
    ablation.write_json(folder / "ablation.json")
    render(ablation, folder / "ablation.html", report_context(pipeline, ranked))
    return {
        "findings": [{"finding": sentence} for sentence in ablation.findings],
        "ablation": [row._asdict() for row in summary_rows(ablation)],
        "bundles": bundle_rows(ranked.bundles),
        "json": str((folder / "ablation.json").resolve()),
        "report": str((folder / "ablation.html").resolve()),
    }
