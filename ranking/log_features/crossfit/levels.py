"""Biases of users and items: how a user rates and an item is rated, the other's level taken out."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64
from embedding_features.config import Config
from ranking.log_features.crossfit.pairs import KnownLabels, LabelPairs


@dataclass(frozen=True)
class Biases:
    """Explains a label as mean + user[u] + item[i]."""

    mean: float
    user: F64
    item: F64

    def residual(self, known: KnownLabels) -> F64:
        """Return [n] what the biases leave of each label."""
        fitted = self.mean + self.user[known.pairs.user] + self.item[known.pairs.item]
        return np.asarray(known.label - fitted, np.float64)


class Levels(Config):
    """Makes biases by alternation (Koren, KDD 2008, section 2.1), counts and smoothed means.

    b_i = Σ_u (y − μ − b_u) / (n_i + k_i) and b_u = Σ_i (y − μ − b_i) / (n_u + k_u), in turn.

    Attributes:
        user_prior: k_u, events' worth of trust in 0; likewise ``item_prior``.
        rounds: of alternation.
    """

    user_prior: float = 5.0
    item_prior: float = 10.0
    rounds: int = 15

    def biases(self, known: KnownLabels) -> Biases:
        """Return the biases, fitted to all known labels."""
        user, item = known.pairs.user, known.pairs.item
        mean = float(known.label.mean(dtype=np.float64))
        centred = known.label - mean
        user_bias, item_bias = np.zeros(known.pairs.users), np.zeros(known.pairs.items)
        for _ in range(self.rounds):
            item_bias = shrunk_mean(item, centred - user_bias[user], known.pairs.items, self.item_prior)
            user_bias = shrunk_mean(user, centred - item_bias[item], known.pairs.users, self.user_prior)
        return Biases(mean, user_bias, item_bias)

    def __call__(self, known: KnownLabels, asked: LabelPairs, seed: int) -> dict[str, F32]:  # noqa: ARG002
        """Return ``user_bias``, ``user_events``, ``user_smoothed`` and the item's."""
        biases = self.biases(known)
        features: dict[str, F32] = {}
        for side, rows, at, size, bias, prior in (
            ("user", known.pairs.user, asked.user, asked.users, biases.user, self.user_prior),
            ("item", known.pairs.item, asked.item, asked.items, biases.item, self.item_prior),
        ):
            smoothed = biases.mean + shrunk_mean(rows, known.label - biases.mean, size, prior)
            events = np.bincount(rows, minlength=size)
            for name, values in (("bias", bias), ("events", events), ("smoothed", smoothed)):
                features[f"{side}_{name}"] = values[at].astype(np.float32)
        return features


def shrunk_mean(rows: I64, values: F32 | F64, size: int, prior: float) -> F64:
    """Return [size] the sum of each row's values over its count plus ``prior``."""
    sums = np.bincount(rows, values, minlength=size)
    return np.asarray(sums / (np.bincount(rows, minlength=size) + prior), np.float64)
