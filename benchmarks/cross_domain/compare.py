"""Compares figures, with intervals over users and seeds, and says which differ."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ranking.ablation.bootstrap import bootstrap, difference, figure, seed_noise
from ranking.metrics.replicates import Statistic

REPLICATES = 1000
ALPHA = 0.05


def note(line: str) -> None:
    """Print on stderr how far the benchmark is."""
    print(f"{time.process_time():6.0f} s  {line}", file=sys.stderr, flush=True)


def compared(
    arms: Mapping[str, Sequence[Statistic]], users: int, pairs: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return each arm's mean over seeds, its 95 % interval and all seeds' values, and each pair's difference.

    Args:
        arms: name → a statistic a seed, of the same users.
        users: how many there are.
        pairs: (arm, arm it is held against).
    """
    samples = bootstrap(arms, users, REPLICATES, seed=0)
    noise = seed_noise(list(samples.values()), 0)
    result: dict[str, Any] = {}
    for name, sample in samples.items():
        found = figure(sample, noise, ALPHA)
        seeds = [round(float(value), 5) for value in sample.seeds]
        result[name] = {"mean": found.value, "interval": [found.low, found.high], "seeds": seeds}
    for name, against in pairs:
        found = difference(samples[name], samples[against], noise, ALPHA)
        result[f"{name} - {against}"] = {
            "difference": found.value,
            "interval": [found.low, found.high],
            "p": found.p,
            "verdict": "better" if found.low > 0 else "worse" if found.high < 0 else "no difference",
        }
    return result
