"""``ablate``: what each kind of feature brought, with intervals and verdicts, as HTML and JSON."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.progress import Progress
from embedding_features.store import Published
from jobs.pipeline import Pipeline
from jobs.steps.rank import Ranked, rank
from ranking.ablation import ablate
from ranking.inputs import VARIANTS
from ranking.report.context import ReportContext, SnapshotContext, SplitContext
from ranking.report.render import render
from ranking.report.summary import summary_rows
from ranking.task import PARTS

_ADDS = {
    "dense": "pretrained vectors of user and item, and their dot product",
    "clusters": "top-K cluster ids with weights",
    "tokens": "product, residual and quantile tokens",
    "neighbours": "nearest neighbours' ids, and what the user thought of them before",
}


def run(pipeline: Pipeline, progress: Progress, ranked: Ranked | None = None) -> dict[str, Any]:
    """Compare every variant with its ranker's baseline; write ``report/ablation.json`` and ``.html``."""
    ranked = ranked or rank(pipeline, progress)
    ablation = ablate(ranked.scores, pipeline.ablate, progress)
    folder = pipeline.workspace.report
    ablation.write_json(folder / "ablation.json")
    render(ablation, folder / "ablation.html", _context(pipeline, ranked))
    return {
        "findings": [{"finding": sentence} for sentence in ablation.findings],
        "ablation": [row._asdict() for row in summary_rows(ablation)],
        "json": str((folder / "ablation.json").resolve()),
        "report": str((folder / "ablation.html").resolve()),
    }


def _context(pipeline: Pipeline, ranked: Ranked) -> ReportContext:
    task, rule = pipeline.rank.task, pipeline.rank.task.label
    return ReportContext(
        title=f"{pipeline.name}: what pretrained {pipeline.pretrain.family_name} features bring a ranker",
        task=f"Predict {rule.column} ≥ {rule.at_least:g} of {task.log.name}, by what was known before.",
        splits=tuple(_split(ranked.labels, part) for part in PARTS),
        snapshots=tuple(_snapshot(run_) for run_ in ranked.snapshots),
        variants={name: " · ".join(_ADDS[group] for group in groups) for name, groups in VARIANTS.items()},
        rankers={name: _settings(ranker.model_dump()) for name, ranker in pipeline.rank.rankers.items()},
        notes=(
            "Each row is joined to the newest snapshot strictly older than itself.",
            "Every variant has the baseline's features too: side tables, and counts and means of all "
            "earlier events of the user and the item, up to the moment of the row; the torch rankers also "
            "learn an embedding of each id.",
            *_modes(pipeline),
        ),
    )


def _modes(pipeline: Pipeline) -> list[str]:
    """What the other modes of service measured, where their jobs ran."""
    found = (pipeline.workspace.read_json_or(name, {}) for name in ("recall", "submodel"))
    return [str(one["sentence"]) for one in found if isinstance(one, dict) and "sentence" in one]


def _settings(settings: Mapping[str, Any]) -> str:
    """``rounds 300 · leaves 15 · …``, settings of settings beside the others."""
    return " · ".join(
        _settings(value) if isinstance(value, Mapping) else f"{name.replace('_', ' ')} {value}"
        for name, value in settings.items()
        if name != "kind"
    )


def _split(labels: pa.Table, part: str) -> SplitContext:
    rows = labels.filter(pc.equal(labels["split"], part))
    moments = pc.min_max(rows["timestamp"]).as_py()
    return SplitContext(
        name=part,
        rows=rows.num_rows,
        positives=int(pc.sum(rows["label"]).as_py()),
        first=moments["min"],
        last=moments["max"],
    )


def _snapshot(run_: Published) -> SnapshotContext:
    made = run_.manifest
    return SnapshotContext(
        as_of=made.as_of,
        run_id=made.run_id,
        space=made.space.id,
        health={f"{t} {name}": v for t, figures in made.health.items() for name, v in figures.items()},
        alignment_residual=made.alignment.residual if made.alignment else None,
    )
