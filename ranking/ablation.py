"""The ablation: every ranker's variants against its baseline, on the whole test and on its slices."""

from collections.abc import Mapping

import numpy as np

from embedding_features.arrays import F32
from embedding_features.errors import ConfigError, DataError
from embedding_features.progress import SILENT, Progress
from ranking.ablation_result import Ablation, AblationConfig, Cell, SliceFigure, SliceSize, Verdict
from ranking.comparison import Measured, measure, measure_slice
from ranking.findings import findings
from ranking.metric_statistics import METRICS, gauc_statistic, rows_of
from ranking.scores import Scores
from ranking.significance import holm
from ranking.slices import slices
from ranking.weighted import Rows

__all__ = ["Ablation", "AblationConfig", "Cell", "ablate"]

Key = tuple[str, str, str]  # ranker, variant, metric


def _check_scores(ranker: str, variants: Mapping[str, F32], n: int, baseline: str) -> None:
    if baseline not in variants or len(variants) < 2:
        raise ConfigError(
            f"{ranker} has the variants {sorted(variants)}",
            fix=f"train the baseline {baseline!r} and at least one other",
        )
    for variant, score in variants.items():
        if score.ndim != 2 or score.shape[0] == 0 or score.shape[1] != n:
            raise DataError(
                f"{ranker} {variant}: scores of shape {score.shape}",
                fix=f"give [seeds, {n}]: a row for each seed, a column for each test row",
            )
        if not np.isfinite(score).all() or score.min() < 0 or score.max() > 1:
            raise DataError(
                f"{ranker} {variant}: some scores are no probabilities in [0, 1], from "
                f"{score.min():.4g} to {score.max():.4g}",
                fix="mend the ranker's output",
            )


def _check(scores: Scores, config: AblationConfig) -> Rows:
    rows = rows_of(scores.label, scores.user, scores.base_rate)
    if rows.users < config.min_users:
        raise DataError(
            f"the test rows are of {rows.users} users, fewer than min_users = {config.min_users}",
            fix="test on more users: the bootstrap draws users",
        )
    if not scores.scores:
        raise ConfigError("no ranker to compare", fix="give the scores of at least one ranker")
    for ranker, variants in scores.scores.items():
        _check_scores(ranker, variants, rows.label.size, config.baseline)
    compared = sum(len(variants) - 1 for variants in scores.scores.values())
    family = compared * max(1, len(config.metrics) - 1)
    if 2 * family / (config.replicates + 1) >= config.alpha:
        raise ConfigError(
            f"{config.replicates} replicates cannot reach alpha = {config.alpha} in {family} comparisons",
            fix=f"set replicates to at least {int(np.ceil(2 * family / config.alpha))}",
        )
    return rows


def _verdict(metric: str, change: float, p_corrected: float, alpha: float) -> Verdict:
    if p_corrected >= alpha:
        return "no difference"
    return "better" if (change > 0) == METRICS[metric].higher_is_better else "worse"


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
            judged[key] = (p, _verdict(key[2], change.value, p, config.alpha))
    return judged


def _cell(
    key: Key, found: Measured, judged: tuple[float, Verdict] | None, parts: dict[str, SliceFigure]
) -> Cell:
    ranker, variant, metric = key
    return Cell(
        ranker=ranker,
        variant=variant,
        metric=metric,
        figure=found.figure,
        seeds=found.seeds,
        seed_std=float(np.std(found.seeds, ddof=1)) if len(found.seeds) > 1 else None,
        difference=found.difference,
        p_corrected=judged[0] if judged else None,
        verdict=judged[1] if judged else None,
        slices=parts,
    )


def ablate(scores: Scores, config: AblationConfig, progress: Progress = SILENT) -> Ablation:
    """Compare each ranker's variants with its baseline, by a paired bootstrap over users.

    Raises:
        ConfigError: when a ranker lacks the baseline or any other variant, or the replicates are too few to
            ever reach ``alpha`` after Holm's correction.
        DataError: for labels, scores or users no metric can be computed on.
        LeakError: when a test row is joined to a snapshot not older than itself.
    """
    rows = _check(scores, config)
    parts = slices(scores, config.slices)
    measured: dict[Key, Measured] = {}
    sliced: dict[Key, dict[str, SliceFigure]] = {}
    with progress.task("bootstrap", len(scores.scores) * (1 + len(parts))) as advance:
        for ranker, given in scores.scores.items():
            variants = {config.baseline: given[config.baseline], **given}
            whole = measure(rows, variants, config.metrics, config, config.replicates)
            for (variant, metric), found in whole.items():
                measured[ranker, variant, metric] = found
                sliced[ranker, variant, metric] = {}
            advance()
            for part in parts:
                for (variant, metric), figure in measure_slice(rows, part, variants, config).items():
                    sliced[ranker, variant, metric][part.name] = figure
                advance()
    judged = _judge(measured, config)
    cells = tuple(_cell(key, found, judged.get(key), sliced[key]) for key, found in measured.items())
    first = next(iter(scores.scores.values()))[config.baseline][0]
    return Ablation(
        config=config,
        rows=rows.label.size,
        users=rows.users,
        positives=int(rows.label.sum()),
        base_rate=scores.base_rate,
        gauc_skipped_users=rows.users - gauc_statistic(rows, first).users,
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
        seconds={ranker: dict(seconds) for ranker, seconds in scores.seconds.items()},
        findings=findings(cells, config),
    )
