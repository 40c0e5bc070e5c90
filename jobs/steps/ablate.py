"""``ablate``: what each kind of feature brought, with intervals and verdicts, as HTML and JSON."""

from typing import Any

from embedding_features.progress import Progress
from jobs.pipeline import Pipeline
from jobs.steps import verify
from jobs.steps.ablation_context import report_context
from jobs.steps.costs import costs
from jobs.steps.rank import RankResult, bundle_rows, rank
from jobs.steps.recall_ablation import judged_mixes
from ranking.ablation.ablate import ablate
from ranking.report.render import render
from ranking.report.summary import summary_rows


def run(pipeline: Pipeline, progress: Progress, ranked: RankResult | None = None) -> dict[str, Any]:
    """Compare every variant with its ranker's baseline; write ``report/ablation.json`` and ``.html``.

    Raises:
        LeakError: when what is published or what rankers learn from tells of the future; nothing is written.
    """
    if ranked is None:
        verify.run(pipeline, progress)
        ranked = rank(pipeline, progress)
    ablation = ablate(
        ranked.scores,
        pipeline.ablate,
        progress,
        costs=costs(pipeline, ranked),
        recall=judged_mixes(pipeline, ranked, progress),
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
