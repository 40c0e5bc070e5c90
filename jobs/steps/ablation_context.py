"""Says what the ablation's report tells beside figures: task, splits, snapshots, variants, rankers."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.store import Published
from jobs.pipeline import Pipeline
from jobs.steps.rank import RankResult
from ranking.experiment.factors.features import GROUP_DESCRIPTIONS
from ranking.inputs.groups import LOG_GROUPS
from ranking.report.context import ReportContext, SnapshotContext, SplitContext
from ranking.task.task import PARTS, source_name


def report_context(pipeline: Pipeline, ranked: RankResult) -> ReportContext:
    """Return the context of one pipeline's ablation; it tells of nearly every section of the pipeline."""
    task, rule = pipeline.rank.task, pipeline.rank.task.label
    log = PurePath(source_name(task.log)).name
    families = ", ".join(method.family_name for method in pipeline.methods)
    return ReportContext(
        title=f"{pipeline.name}: what pretrained features ({families}) bring a ranker",
        task=f"Predict {rule.column} ≥ {rule.at_least:g} of {log}, by what was known before.",
        splits=tuple(_split(ranked.labels, part) for part in PARTS),
        snapshots=tuple(_snapshot(run_) for run_ in ranked.published),
        variants={
            variant.name: variant.describe(pipeline.grid_context) for variant in pipeline.rank.variants
        },
        rankers={name: _settings(ranker.model_dump()) for name, ranker in pipeline.rank.rankers.items()},
        notes=(
            "Each row is joined to the newest snapshot strictly older than itself.",
            "The baseline is strong: "
            + "; ".join(GROUP_DESCRIPTIONS[group] for group in LOG_GROUPS)
            + ". Trees leave out ids.",
            *_mode_sentences(pipeline),
        ),
    )


def _mode_sentences(pipeline: Pipeline) -> list[str]:
    """Return what the other modes of service measured, where their jobs ran."""
    found = (pipeline.workspace.read_json_or(name, {}) for name in ("recall", "submodel"))
    return [str(one["sentence"]) for one in found if isinstance(one, dict) and "sentence" in one]


def _settings(settings: Mapping[str, Any]) -> str:
    """Return ``rounds 300 · leaves 15 · …``, settings of settings beside the others."""
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
