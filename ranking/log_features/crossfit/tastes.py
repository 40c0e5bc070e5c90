"""Tastes: what labels leave after the levels, averaged by attribute, as of a user over films of one genre."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from embedding_features.arrays import F32, I64
from ranking.log_features.crossfit.attributes import Attribute
from ranking.log_features.crossfit.levels import Levels
from ranking.log_features.crossfit.pairs import KnownLabels, LabelPairs

#: pairs looked up at once, which bounds memory
_ROWS = 1 << 16


class Tastes:
    """Makes smoothed mean residuals over attributes.

    With r the residuals of :class:`Levels`, a user's taste for a value v of an item attribute is
    Σ_{i has v} r_ui / (n_uv + k), and ``user_<attribute>_taste`` of a pair is its mean over the item's
    values, 0 without any. ``item_<attribute>_taste`` of a user attribute mirrors it.

    Args:
        attributes: of either side.
        levels: what the residuals are taken from.
        prior: k, events' worth of trust in 0.
    """

    def __init__(self, attributes: Sequence[Attribute], levels: Levels, prior: float = 10.0) -> None:
        self.attributes = tuple(attributes)
        self.levels = levels
        self.prior = prior

    def __call__(self, known: KnownLabels, asked: LabelPairs, seed: int) -> dict[str, F32]:  # noqa: ARG002
        """Return the features named above."""
        residual = self.levels.biases(known).residual(known)
        pairs, shape = known.pairs, (known.pairs.users, known.pairs.items)
        sums = scipy.sparse.csr_array((residual, (pairs.user, pairs.item)), shape=shape)
        counts = scipy.sparse.csr_array((np.ones(len(pairs)), (pairs.user, pairs.item)), shape=shape)
        mirrored = (sums.T.tocsr(), counts.T.tocsr())
        features: dict[str, F32] = {}
        for attribute in self.attributes:
            if attribute.side == "item":
                name, at, has = f"user_{attribute.name}_taste", (asked.user, asked.item), (sums, counts)
            else:
                name, at, has = f"item_{attribute.name}_taste", (asked.item, asked.user), mirrored
            features[name] = self._taste(*has, attribute, *at)
        return features

    def _taste(
        self,
        sums: scipy.sparse.csr_array,
        counts: scipy.sparse.csr_array,
        attribute: Attribute,
        rater: I64,
        described: I64,
    ) -> F32:
        """Return [asked] each rater's mean taste over the values of what is described."""
        indicator = attribute.indicator(sums.shape[1])
        totals, events = (scipy.sparse.csr_array(m @ indicator) for m in (sums, counts))
        events.data = 1 / (events.data + self.prior)
        taste = scipy.sparse.csr_array(totals.multiply(events))
        share = np.maximum(indicator.sum(axis=1), 1)
        weights = scipy.sparse.csr_array(indicator.multiply(1 / share[:, None]))
        return _row_dots(taste, weights, rater, described)


def _row_dots(left: scipy.sparse.csr_array, right: scipy.sparse.csr_array, x: I64, y: I64) -> F32:
    """Return [n] left[x] · right[y], computed some rows at a time."""
    out = np.zeros(len(x), np.float32)
    for start in range(0, len(x), _ROWS):
        part = slice(start, start + _ROWS)
        out[part] = left[x[part]].multiply(right[y[part]]).sum(axis=1)
    return out
