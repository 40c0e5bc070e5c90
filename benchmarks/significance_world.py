"""Simulates scores whose AUC is known in closed form, on independent rows and on rows of users."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from scipy.special import ndtr, ndtri

from embedding_features.arrays import F32, F64
from ranking.metrics.replicates import ScoredRows
from ranking.metrics.statistics import rows_of

K = TypeVar("K", bound=Hashable)

#: parts of a score's noise, as shares of its variance: what all variants share, what the variant adds, what
#: a training run of it adds, each once for a user and once for a row
NOISE = {
    ("all", "user"): 0.2,
    ("all", "row"): 0.3,
    ("variant", "user"): 0.2,
    ("variant", "row"): 0.1,
    ("seed", "user"): 0.1,
    ("seed", "row"): 0.1,
}
USER_SHARE = 0.5  # of the variance of what makes a label


@dataclass(frozen=True)
class Simulated(Generic[K]):
    """Holds ``scores`` [seeds, n] in [0, 1] of each variant, and each run's ``auc`` [seeds] on all users."""

    rows: ScoredRows
    scores: Mapping[K, F32]
    auc: Mapping[K, F64]


def independent(auc: Mapping[K, float], rows: int, seed: int) -> Simulated[K]:
    """Return one row a user, a fifth positive: binormal scores, correlated .6, of AUC Φ(μ / √2)."""
    rng = np.random.default_rng([31, seed])
    label = (rng.random(rows) < 0.2).astype(np.float32)
    shared = rng.normal(size=rows)
    scores = {}
    for variant, value in auc.items():
        noise = 0.6**0.5 * shared + 0.4**0.5 * rng.normal(size=rows)
        scores[variant] = ndtr(noise + 2**0.5 * ndtri(value) * label).astype(np.float32)[None]
    known = {variant: np.array([value]) for variant, value in auc.items()}
    return Simulated(rows_of(label, np.arange(rows)), scores, known)


def clustered(
    auc: Mapping[K, float], users: int, seeds: int, seed: int, seed_sd: float = 0.01
) -> Simulated[K]:
    """Return rows of users, geometric with a mean of 10; users differ in labels and in scores.

    Label and score are the sign of x and rho x + sqrt(1 - rho²) w, with x and w standard normal, so AUC is
    1/2 + 2/π asin(rho / √2), the orthant probability of (score - other score, x, - other x). A training
    run's own AUC is normal about the variant's with deviation ``seed_sd``.
    """
    rng = np.random.default_rng([37, seed])
    user = np.repeat(np.arange(users), rng.geometric(0.1, users))

    def draw(of: str) -> F64:
        drawn: F64 = rng.normal(size=users)[user] if of == "user" else rng.normal(size=user.size)
        return drawn

    def part(owner: str) -> F64:
        drawn: F64 = np.sum([share**0.5 * draw(of) for (who, of), share in NOISE.items() if who == owner], 0)
        return drawn

    x = USER_SHARE**0.5 * draw("user") + (1 - USER_SHARE) ** 0.5 * draw("row")
    shared = part("all")
    scores, known = {}, {}
    for variant, value in auc.items():
        own = shared + part("variant")
        known[variant] = value + seed_sd * rng.normal(size=seeds)
        rho = 2**0.5 * np.sin(np.pi / 2 * (known[variant] - 0.5))
        runs = [r * x + (1 - r * r) ** 0.5 * (own + part("seed")) for r in rho]
        scores[variant] = ndtr(np.stack(runs)).astype(np.float32)
    return Simulated(rows_of(x > 0, user), scores, known)
