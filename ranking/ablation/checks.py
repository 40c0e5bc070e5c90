"""Checks of what an ablation compares, before anything is compared."""

from collections.abc import Mapping

import numpy as np

from embedding_features.arrays import F32
from embedding_features.errors import ConfigError, DataError
from ranking.ablation.config import AblationConfig
from ranking.experiment.scores import Scores
from ranking.metrics.replicates import ScoredRows
from ranking.metrics.statistics import rows_of


def _check_scores(ranker: str, variants: Mapping[str, F32], n: int, baseline: str) -> None:
    """Check that a ranker has the baseline and another variant, with a probability for each row and seed."""
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


def check_replicates(config: AblationConfig, family: int) -> None:
    """Check that the replicates are enough for a p-value below alpha after Holm's correction.

    Args:
        config: replicates and alpha.
        family: number of comparisons that are corrected together.

    Raises:
        ConfigError: when they are too few.
    """
    if 2 * family / (config.replicates + 1) >= config.alpha:
        raise ConfigError(
            f"{config.replicates} replicates cannot reach alpha = {config.alpha} in {family} comparisons",
            fix=f"set replicates to at least {int(np.ceil(2 * family / config.alpha))}",
        )


def checked_rows(scores: Scores, config: AblationConfig) -> ScoredRows:
    """Check scores against a configuration, and return the test rows that statistics are made of.

    Raises:
        ConfigError: when a ranker lacks the baseline or any other variant, or the replicates are too few to
            ever reach ``alpha`` after Holm's correction.
        DataError: for labels, scores or users no metric can be computed on.
    """
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
    check_replicates(config, family)
    return rows
