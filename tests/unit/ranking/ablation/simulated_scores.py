"""Scores of rankers that were never trained: labels from a known logit, each variant seeing it through noise.

A variant's quality is how little noise it adds, so what the ablation should find is known beforehand.
"""

from collections.abc import Mapping

import numpy as np

from embedding_features.arrays import F32, F64
from ranking.experiment.scores import Scores


def _sigmoid(x: F64) -> F32:
    return (1 / (1 + np.exp(-x))).astype(np.float32)


def simulated_scores(
    quality: Mapping[str, Mapping[str, float]], seeds: int = 3, users: int = 200, seed: int = 0
) -> Scores:
    """Test rows of ``users`` users, about 30 each, and scores of the given quality.

    Args:
        quality: ranker → variant → standard deviation of the noise on the true logit; equal noise, equal
            quality, though the scores differ.
    """
    rng = np.random.default_rng([23, seed])
    size = rng.geometric(1 / 30, users)
    user = np.repeat(np.arange(users), size)
    n = user.size
    item = rng.zipf(1.3, n) % 500
    logit = rng.normal(0, 0.8, users)[user] + rng.normal(0, 0.8, 500)[item] + rng.normal(0, 0.8, n)
    label = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    earlier = rng.geometric(1 / 25, users) - 1
    since = np.concatenate([np.arange(k) for k in size])
    age = rng.uniform(0.1, 20, n).astype(np.float32)
    age[rng.random(n) < 0.1] = np.nan
    scores: dict[str, dict[str, F32]] = {}
    for ranker, variants in quality.items():
        scores[ranker] = {}
        for variant, noise in variants.items():
            own = logit + rng.normal(0, noise, n)
            runs = [_sigmoid(own + rng.normal(0, 0.1, n)) for _ in range(seeds)]
            scores[ranker][variant] = np.stack(runs)
    return Scores(
        label=label,
        user=user,
        item=item,
        user_count=earlier[user] + since,
        item_count=rng.geometric(1 / 40, 500)[item],
        snapshot_age=age,
        scores=scores,
        seconds={r: {v: 1.5 + i for i, v in enumerate(vs)} for r, vs in quality.items()},
        base_rate=0.5,
    )
