"""The ablation: every ranker's variants against its baseline, on the whole test and on its slices."""

from collections.abc import Sequence

import numpy as np

from embedding_features.progress import SILENT, Progress
from ranking.ablation.cells import ComparedCell, RecallCell
from ranking.ablation.checks import checked_rows
from ranking.ablation.findings import findings, late_findings, recall_findings, surface_findings
from ranking.ablation.headline import gains, headline
from ranking.ablation.judge import judge
from ranking.ablation.measurements import Measurements, measure_cells
from ranking.ablation.result import Ablation, AblationConfig, Cost, SliceSize, SurfaceResult
from ranking.ablation.slices import Slice, slices
from ranking.experiment.scores import Scores
from ranking.metrics.replicates import ScoredRows
from ranking.metrics.statistics import gauc_statistic

__all__ = ["Ablation", "AblationConfig", "ComparedCell", "ablate"]


def ablate(
    scores: Scores,
    config: AblationConfig,
    progress: Progress = SILENT,
    *,
    costs: Sequence[Cost] = (),
    recall: Sequence[RecallCell] = (),
    surfaces: Sequence[SurfaceResult] = (),
    late: Sequence[ComparedCell] = (),
) -> Ablation:
    """Compare each ranker's variants with its baseline, by a paired bootstrap over users.

    Args:
        scores: labels and scores of the test rows.
        config: how variants are compared.
        progress: shows the bootstrap; silent by default.
        costs: costs of rankers × variants, where they are known.
        recall: the recall mode's own comparison (:mod:`.recall_ablation`).
        surfaces: the comparisons of a new surface (:mod:`ranking.studies.new_surface`).
        late: the comparison of late events (:mod:`ranking.studies.late_events`).

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
        findings=(
            *_first_sentences(cells, config, costs),
            *surface_findings(surfaces, config.primary),
            *late_findings(late),
            *findings(cells, config),
            *recall_findings(recall),
        ),
        costs=tuple(costs),
        importance=scores.importance,
        recall=tuple(recall),
        surfaces=tuple(surfaces),
        late=tuple(late),
    )


def _cells(measurements: Measurements, config: AblationConfig) -> tuple[ComparedCell, ...]:
    return tuple(
        cell.model_copy(
            update={"delong": measurements.by_delong.get(key), "slices": measurements.on_slices[key]}
        )
        for key, cell in judge(measurements.whole, config).items()
    )


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


def _first_sentences(
    cells: Sequence[ComparedCell], config: AblationConfig, costs: Sequence[Cost]
) -> list[str]:
    """Return the verdict in sentences: what earned its keep, and for whom."""
    primary = [cell for cell in cells if cell.metric == config.primary]
    cost_of = {(cost.ranker, cost.variant): cost for cost in costs}
    return [headline(primary, config), *gains(primary, config, cost_of)]
