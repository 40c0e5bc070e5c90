"""The ablation: every ranker's variants against its baseline, on the whole test and on its slices."""

from collections.abc import Mapping, Sequence

import numpy as np

from embedding_features.progress import SILENT, Progress
from ranking.ablation.bootstrap import holm
from ranking.ablation.cells import ComparedCell, RecallCell, Verdict, verdict
from ranking.ablation.checks import checked_rows
from ranking.ablation.comparison import Measured
from ranking.ablation.findings import findings, recall_findings
from ranking.ablation.headline import gains, headline
from ranking.ablation.measurements import Key, Measurements, measure_cells
from ranking.ablation.result import Ablation, AblationConfig, Cost, SliceSize
from ranking.ablation.slices import Slice, slices
from ranking.experiment.scores import Scores
from ranking.metrics.replicates import ScoredRows
from ranking.metrics.statistics import METRICS, gauc_statistic

__all__ = ["Ablation", "AblationConfig", "ComparedCell", "ablate"]


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
        scores: labels and scores of the test rows.
        config: how variants are compared.
        progress: shows the bootstrap; silent by default.
        costs: costs of rankers × variants, where they are known.
        recall: the recall mode's own comparison (:mod:`.recall_ablation`).

    Raises:
        ConfigError: when a ranker lacks the baseline or any other variant, or the replicates are too few to
            ever reach ``alpha`` after Holm's correction.
        DataError: for labels, scores or users no metric can be computed on.
        LeakError: when a test row is joined to a snapshot not older than itself.
    """
    rows = checked_rows(scores, config)
    test_slices = slices(scores, config.slices)
    cells = _cells(measure_cells(scores, rows, test_slices, config, progress), config)
    return Ablation(
        config=config,
        rows=rows.label.size,
        users=rows.users,
        positives=int(rows.label.sum()),
        base_rate=scores.base_rate,
        gauc_skipped_users=_gauc_skipped_users(scores, rows, config),
        cells=cells,
        slices=tuple(_slice_size(test_slice, rows) for test_slice in test_slices),
        findings=_sentences(cells, config, costs, recall),
        costs=tuple(costs),
        importance=scores.importance,
        recall=tuple(recall),
    )


def _cells(measurements: Measurements, config: AblationConfig) -> tuple[ComparedCell, ...]:
    judged = _judge(measurements.whole, config)
    return tuple(
        ComparedCell(
            ranker=key[0],
            variant=key[1],
            metric=key[2],
            figure=measured.figure,
            seeds=measured.seeds,
            seed_std=float(np.std(measured.seeds, ddof=1)) if len(measured.seeds) > 1 else None,
            difference=measured.difference,
            p_corrected=judged[key][0] if key in judged else None,
            verdict=judged[key][1] if key in judged else None,
            delong=measurements.by_delong.get(key),
            slices=measurements.on_slices[key],
        )
        for key, measured in measurements.whole.items()
    )


def _judge(measured: Mapping[Key, Measured], config: AblationConfig) -> dict[Key, tuple[float, Verdict]]:
    """Return the corrected p-value and the verdict of each difference.

    There are two Holm families: the differences in the primary metric, and those in all others.
    """
    judged = {}
    for primary in (True, False):
        family = {
            key: metric.difference
            for key, metric in measured.items()
            if metric.difference is not None and (key[2] == config.primary) == primary
        }
        for (key, change), p in zip(family.items(), holm([d.p for d in family.values()]), strict=True):
            judged[key] = (p, verdict(change.value, p < config.alpha, METRICS[key[2]].higher_is_better))
    return judged


def _gauc_skipped_users(scores: Scores, rows: ScoredRows, config: AblationConfig) -> int:
    """Return how many users have test rows of one class only; the same for every score."""
    if "gauc" not in config.metrics:
        return 0
    any_scores = next(iter(scores.scores.values()))[config.baseline][0]
    return rows.users - gauc_statistic(rows, any_scores).users


def _slice_size(test_slice: Slice, rows: ScoredRows) -> SliceSize:
    return SliceSize(
        name=test_slice.name,
        definition=test_slice.definition,
        rows=int(test_slice.rows.sum()),
        users=int(np.unique(rows.user[test_slice.rows]).size),
        positives=int(rows.label[test_slice.rows].sum()),
    )


def _sentences(
    cells: Sequence[ComparedCell], config: AblationConfig, costs: Sequence[Cost], recall: Sequence[RecallCell]
) -> tuple[str, ...]:
    """Return the result in sentences: the verdict first, then what it rests on."""
    primary = [cell for cell in cells if cell.metric == config.primary]
    cost_of = {(cost.ranker, cost.variant): cost for cost in costs}
    return (
        headline(primary, config),
        *gains(primary, config, cost_of),
        *findings(cells, config),
        *recall_findings(recall),
    )
