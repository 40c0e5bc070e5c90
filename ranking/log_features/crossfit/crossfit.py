"""Cross-fitting: features of training rows are made from other rows' labels.

A feature that had seen the label of its own training row would be trusted more than it deserves (Wolpert,
Stacked Generalization, 1992). :func:`.random_folds` prevents that;
:func:`.time_blocks` makes training rows' features from earlier rows alone as well, as
those of later rows will be. Where every event has its time, :mod:`.histories` goes further and makes
them as of the label's own moment.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from embedding_features.arrays import F32
from embedding_features.errors import DataError
from embedding_features.progress import SILENT, Progress
from ranking.log_features.crossfit.folds import Fold, check_parts
from ranking.log_features.crossfit.pairs import KnownLabels, LabelPairs


class FeatureMaker(Protocol):
    """Makes features of pairs from the labels of other pairs."""

    def __call__(self, known: KnownLabels, asked: LabelPairs, seed: int) -> Mapping[str, F32]:
        """Feature → [asked] values; the same names whatever is asked."""


def cross_fit(
    pairs: LabelPairs,
    label: F32,
    parts: Sequence[Fold],
    make: FeatureMaker,
    *,
    seed: int = 0,
    progress: Progress = SILENT,
) -> dict[str, F32]:
    """Features of all pairs.

    Args:
        label: [n]; read at rows that a part knows only, the others may hold anything, NaN included.
        parts: who is asked with whose labels; ``make`` is called once for each, with the same ``seed``.

    Returns:
        Feature → [n] float32, NaN at rows no part asks about.

    Raises:
        DataError: when lengths differ, a known label is not 0 or 1, a row is asked about twice, or ``make``
            gives other names or lengths than asked for.
        LeakError: when a row is asked about with its own label known.
    """
    if len(pairs) != len(label):
        raise DataError(f"{len(pairs)} pairs beside {len(label)} labels")
    check_parts(parts)
    features: dict[str, F32] = {}
    with progress.task("rank: cross-fit", total=len(parts)) as advance:
        for number, part in enumerate(parts):
            known = KnownLabels(pairs.take(part.known), label[part.known])
            made = make(known, pairs.take(part.asked), seed)
            if number and features.keys() != made.keys():
                raise DataError(f"part {number} has features {sorted(made)}, others {sorted(features)}")
            for name, values in made.items():
                if values.shape != part.asked.shape:
                    raise DataError(f"{name!r} of {len(part.asked)} pairs has the shape {values.shape}")
                features.setdefault(name, np.full(len(pairs), np.nan, np.float32))[part.asked] = values
            advance()
    return features
