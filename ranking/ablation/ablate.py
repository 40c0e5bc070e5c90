"""The ablation: every ranker's variants against its baseline, on the whole test and on its slices."""

from collections.abc import Mapping, Sequence

import numpy as np

from embedding_features.progress import SILENT, Progress
from ranking.ablation.bootstrap import Difference, holm
from ranking.ablation.checks import checked_rows
from ranking.ablation.comparison import Measured, measure, measure_slice
from ranking.ablation.delong import delong
from ranking.ablation.findings import findings, recall_findings
from ranking.ablation.headline import gains, headline
from ranking.ablation.result import (
    Ablation,
    AblationConfig,
    ComparedCell,
    Cost,
    RecallCell,
    SliceFigure,
    SliceSize,
    Verdict,
)
from ranking.ablation.slices import slices
from ranking.experiment.scores import Scores
from ranking.metrics.statistics import METRICS, gauc_statistic

__all__ = ["Ablation", "AblationConfig", "ComparedCell", "ablate"]

Key = tuple[str, str, str]  # ranker, variant, metric


def verdict(change: float, significant: bool, higher_is_better: bool = True) -> Verdict:
    """Return which way a metric changed, or that there is no difference where that is not significant."""
    if not significant:
        return "no difference"
    return "better" if (change > 0) == higher_is_better else "worse"


def _judge(measured: Mapping[Key, Measured], config: AblationConfig) -> dict[Key, tuple[float, Verdict]]:
    """Corrected p-value and verdict of each difference, in two Holm families: primary metric, the others."""
    judged = {}
    for primary in (True, False):
        family = {
            key: found.difference
            for key, found in measured.items()
            if found.difference is not None and (key[2] == config.primary) == primary
        }
        for (key, change), p in zip(family.items(), holm([d.p for d in family.values()]), strict=True):
            higher_is_better = METRICS[key[2]].higher_is_better
            judged[key] = (p, verdict(change.value, p < config.alpha, higher_is_better))
    return judged


def _cell(
    key: Key,
    found: Measured,
    judged: tuple[float, Verdict] | None,
    second: Difference | None,
    parts: dict[str, SliceFigure],
) -> ComparedCell:
    ranker, variant, metric = key
    return ComparedCell(
        ranker=ranker,
        variant=variant,
        metric=metric,
        figure=found.figure,
        seeds=found.seeds,
        seed_std=float(np.std(found.seeds, ddof=1)) if len(found.seeds) > 1 else None,
        difference=found.difference,
        p_corrected=judged[0] if judged else None,
        verdict=judged[1] if judged else None,
        delong=second,
        slices=parts,
    )


def ablate(
    scores: Scores,
    config: AblationConfig,
    progress: Progress = SILENT,
    *,
    costs: Sequence[Cost] = (),
    recall: Sequence[RecallCell] = (),
) -> Ablation:
    """Compare each ranker's variants with its baseline, by a paired bootstrap over users.

    Args:
        costs: of the cells, where they are known.
        recall: the recall mode's own comparison (:mod:`.recall_ablation`).

    Raises:
        ConfigError: when a ranker lacks the baseline or any other variant, or the replicates are too few to
            ever reach ``alpha`` after Holm's correction.
        DataError: for labels, scores or users no metric can be computed on.
        LeakError: when a test row is joined to a snapshot not older than itself.
    """
    rows = checked_rows(scores, config)
    parts = slices(scores, config.slices)
    measured: dict[Key, Measured] = {}
    sliced: dict[Key, dict[str, SliceFigure]] = {}
    second: dict[Key, Difference | None] = {}
    with progress.task("bootstrap", len(scores.scores) * (1 + len(parts))) as advance:
        for ranker, given in scores.scores.items():
            variants = {config.baseline: given[config.baseline], **given}
            whole = measure(rows, variants, config.metrics, config, config.replicates)
            for (variant, metric), found in whole.items():
                measured[ranker, variant, metric] = found
                sliced[ranker, variant, metric] = {}
            if "auc" in config.metrics:
                for variant, opinion in delong(rows, variants, config.baseline, config.alpha).items():
                    second[ranker, variant, "auc"] = opinion.difference
            advance()
            for part in parts:
                for (variant, metric), figure in measure_slice(rows, part, variants, config).items():
                    sliced[ranker, variant, metric][part.name] = figure
                advance()
    judged = _judge(measured, config)
    cells = tuple(
        _cell(key, found, judged.get(key), second.get(key), sliced[key]) for key, found in measured.items()
    )
    skipped = 0
    if "gauc" in config.metrics:
        first = next(iter(scores.scores.values()))[config.baseline][0]
        skipped = rows.users - gauc_statistic(rows, first).users
    return Ablation(
        config=config,
        rows=rows.label.size,
        users=rows.users,
        positives=int(rows.label.sum()),
        base_rate=scores.base_rate,
        gauc_skipped_users=skipped,
        cells=cells,
        slices=tuple(
            SliceSize(
                name=part.name,
                definition=part.definition,
                rows=int(part.rows.sum()),
                users=int(np.unique(rows.user[part.rows]).size),
                positives=int(rows.label[part.rows].sum()),
            )
            for part in parts
        ),
        findings=_said(cells, config, costs, recall),
        costs=tuple(costs),
        importance=scores.importance,
        recall=tuple(recall),
    )


def _said(
    cells: Sequence[ComparedCell], config: AblationConfig, costs: Sequence[Cost], recall: Sequence[RecallCell]
) -> tuple[str, ...]:
    """The verdict first, then what it rests on."""
    primary = [cell for cell in cells if cell.metric == config.primary]
    known = {(cost.ranker, cost.variant): cost for cost in costs}
    return (
        headline(primary, config),
        *gains(primary, config, known),
        *findings(cells, config),
        *recall_findings(recall),
    )
