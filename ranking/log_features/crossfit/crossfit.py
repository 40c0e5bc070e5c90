"""Cross-fitting: features of training rows are made from other rows' labels.

A feature that had seen the label of its own training row would be trusted more than it deserves (Wolpert,
Stacked Generalization, 1992). :func:`.random_folds` prevents that;
:func:`.time_blocks` makes training rows' features from earlier rows alone as well, as
those of later rows will be. Where every event has its time, :func:`.history_features` goes further and makes
them as of the label's own moment.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from embedding_features.arrays import F32
from embedding_features.errors import DataError
from embedding_features.progress import SILENT, Progress
from ranking.log_features.crossfit.folds import Fold, check_folds
from ranking.log_features.crossfit.pairs import KnownLabels, LabelPairs


class FeatureMaker(Protocol):
    """Makes features of pairs from the labels of other pairs."""

    def __call__(self, known: KnownLabels, asked: LabelPairs, seed: int) -> Mapping[str, F32]:
        """Return feature → [asked] values; the names are the same whatever is asked."""


def cross_fit(
    pairs: LabelPairs,
    label: F32,
    folds: Sequence[Fold],
    make: FeatureMaker,
    *,
    seed: int = 0,
    progress: Progress = SILENT,
) -> dict[str, F32]:
    """Make the features of all pairs, fold by fold.

    Args:
        pairs: [n] what features are made of.
        label: [n]; read at rows that a fold knows only, the others may hold anything, NaN included.
        folds: which rows are asked about with whose labels.
        make: makes the features; called once for each fold.
        seed: passed on to ``make``, the same for each fold.
        progress: is told of each fold.

    Returns:
        Feature → [n] float32, NaN at rows no fold asks about.

    Raises:
        DataError: when lengths differ, a known label is not 0 or 1, a row is asked about twice, or ``make``
            gives other names or lengths than asked for.
        LeakError: when a row is asked about with its own label known.
    """
    if len(pairs) != len(label):
        raise DataError(f"{len(pairs)} pairs beside {len(label)} labels")
    check_folds(folds)
    features: dict[str, F32] = {}
    with progress.task("rank: cross-fit", total=len(folds)) as advance:
        for number, fold in enumerate(folds):
            known = KnownLabels(pairs.take(fold.known), label[fold.known])
            made = make(known, pairs.take(fold.asked), seed)
            if number and features.keys() != made.keys():
                raise DataError(f"part {number} has features {sorted(made)}, others {sorted(features)}")
            for name, values in made.items():
                if values.shape != fold.asked.shape:
                    raise DataError(f"{name!r} of {len(fold.asked)} pairs has the shape {values.shape}")
                features.setdefault(name, np.full(len(pairs), np.nan, np.float32))[fold.asked] = values
            advance()
    return features
