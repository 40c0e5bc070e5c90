"""Which rows' features are made from which rows' labels: random folds, or blocks of time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import I64, Bool
from embedding_features.errors import ConfigError, DataError, LeakError


@dataclass(frozen=True)
class Fold:
    """Names rows whose features are made from the labels of other rows.

    Attributes:
        asked: rows to make features of, ascending.
        known: rows whose labels they are made from, ascending; none of them is asked.
    """

    asked: I64
    known: I64


def random_folds(train: Bool, folds: int, seed: int) -> list[Fold]:
    """Return folds: a training row's features come from the other folds, any other row's from all of them.

    Folds differ in size by one row at most.

    Args:
        train: [n] which rows are for training.
        folds: that training rows are dealt into.
        seed: draws who is dealt where.

    Raises:
        ConfigError: for fewer than two folds, or more than training rows.
    """
    rows = np.flatnonzero(train)
    if not 2 <= folds <= len(rows):
        raise ConfigError(f"{folds} folds of {len(rows)} training rows", fix="use 5 to 20 folds")
    number = np.empty(len(rows), np.int64)
    number[np.random.default_rng(seed).permutation(len(rows))] = np.arange(len(rows)) % folds
    training = [Fold(rows[number == k], rows[number != k]) for k in range(folds)]
    return [*training, *_other_rows(train)]


def time_blocks(train: Bool, time: I64, since: int, blocks: int) -> list[Fold]:
    """Return training rows from ``since`` on in blocks, each with the labels of strictly earlier rows.

    Training rows before ``since`` are only known, never asked about. Rows that are not for training
    have the features of all training rows, as in service. Blocks are of about equal size; rows of one moment
    stay together.

    Args:
        train: [n] which rows are for training.
        time: [n] of training rows, in any unit; rows of unknown time must be earlier than ``since`` and have
            any time before it. Times of other rows are not looked at.
        since: the moment at which the first block begins.
        blocks: how many there are.

    Raises:
        ConfigError: when no training row is earlier than ``since``, or too few moments follow.
    """
    rows = np.flatnonzero(train)
    moments = time[rows]
    late = np.sort(moments[moments >= since])
    borders = late[np.arange(blocks) * len(late) // blocks] if blocks > 0 and len(late) else late[:0]
    if len(np.unique(borders)) != max(blocks, 1) or len(late) == len(rows):
        raise ConfigError(
            f"{blocks} blocks of {len(np.unique(late))} moments from {since} on, and {len(rows) - len(late)}"
            " training rows before",
            fix="take fewer blocks or another moment",
        )
    ends = [*borders[1:], late[-1] + 1]
    training = [
        Fold(rows[(moments >= start) & (moments < end)], rows[moments < start])
        for start, end in zip(borders, ends, strict=True)
    ]
    return [*training, *_other_rows(train)]


def _other_rows(train: Bool) -> list[Fold]:
    """Return the rows that are not for training as a fold of their own; every training label is known."""
    others = np.flatnonzero(~train)
    return [Fold(others, np.flatnonzero(train))] if len(others) else []


def check_folds(folds: Sequence[Fold]) -> None:
    """Check that no row is asked about twice, or with its own label known.

    Raises:
        DataError: when a row is asked about twice.
        LeakError: when a row is asked about with its own label known.
    """
    for fold in folds:
        both = np.intersect1d(fold.asked, fold.known)
        if len(both):
            raise LeakError(
                f"row {both[0]} is asked about with its own label known", fix="take it out of known"
            )
    asked = np.concatenate([fold.asked for fold in folds]) if folds else np.empty(0, np.int64)
    if len(np.unique(asked)) != len(asked):
        raise DataError("a row is asked about in two parts", fix="make the parts' asked rows disjoint")
