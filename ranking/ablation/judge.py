"""Judges measured differences: corrects their p-values, and says which way each metric changed."""

from collections.abc import Mapping

import numpy as np

from ranking.ablation.bootstrap import holm
from ranking.ablation.cells import ComparedCell, Verdict, verdict
from ranking.ablation.checks import checked_rows
from ranking.ablation.comparison import Measured, measure
from ranking.ablation.config import AblationConfig
from ranking.ablation.measurements import Key
from ranking.experiment.scores import Scores
from ranking.metrics.statistics import METRICS


def compare(scores: Scores, config: AblationConfig) -> tuple[ComparedCell, ...]:
    """Compare the variants of a small experiment with its baseline, on the whole test alone.

    Args:
        scores: labels and scores of the test rows.
        config: baseline, metrics and bootstrap; the experiment's differences are corrected by themselves.

    Raises:
        ConfigError: as :func:`.ablate`; likewise DataError.
    """
    rows = checked_rows(scores, config)
    measured = {
        (ranker, *key): found
        for ranker, variants in scores.scores.items()
        for key, found in measure(rows, variants, config.metrics, config, config.replicates).items()
    }
    return tuple(judge(measured, config).values())


def judge(measured: Mapping[Key, Measured], config: AblationConfig) -> dict[Key, ComparedCell]:
    """Return the cell of each measurement, as yet without slices.

    There are two Holm families: the differences in the primary metric, and those in all others.
    """
    judged = _verdicts(measured, config)
    return {
        key: ComparedCell(
            ranker=key[0],
            variant=key[1],
            metric=key[2],
            figure=found.figure,
            seeds=found.seeds,
            seed_std=float(np.std(found.seeds, ddof=1)) if len(found.seeds) > 1 else None,
            difference=found.difference,
            p_corrected=judged[key][0] if key in judged else None,
            verdict=judged[key][1] if key in judged else None,
        )
        for key, found in measured.items()
    }


def _verdicts(measured: Mapping[Key, Measured], config: AblationConfig) -> dict[Key, tuple[float, Verdict]]:
    """Return the corrected p-value and the verdict of each difference."""
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
