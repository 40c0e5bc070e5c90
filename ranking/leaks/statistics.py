"""Statistics of one column beside labels: an AUC of its own, and values whose rows all have one label."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.arrow import flat_array, mask
from embedding_features.errors import DataError
from ranking.metrics.metrics import auc
from ranking.task.task import SIDES

#: parts of the rows; the rate of a value is taken from the other parts
_FOLDS = 5


class OneLabel(NamedTuple):
    """Reports a ``value`` with ``rows`` rows that all have one ``label``, and the ``chance`` of that."""

    value: object
    rows: int
    label: int
    chance: float


@dataclass(frozen=True)
class Labelled:
    """Holds the labels of rows, and which rows are alike.

    Attributes:
        label: [n] which are 1.
        alike: [n] codes each; rows of one code are not independent of each other.
        fold: [n] the part of the rows.
    """

    label: Bool
    alike: tuple[I64, ...]
    fold: I64

    @classmethod
    def of(cls, columns: pa.Table, label: F32) -> "Labelled":
        """Return the labels of some rows.

        Args:
            columns: rows of one ``user_id`` or one ``item_id`` are alike; without these columns none are.
            label: [n] 0 or 1.

        Raises:
            DataError: when there is not a label a row, or one is not 0 or 1.
        """
        if len(label) != len(columns) or not np.isin(label, (0, 1)).all():
            raise DataError(f"{len(label)} labels of {len(columns)} rows, or one that is not 0 or 1")
        names = [f"{side}_id" for side in SIDES if f"{side}_id" in columns.column_names]
        alike = tuple(_codes(flat_array(columns[name])) for name in names)
        # drawn, not counted off: the labels of a log may have a period
        fold = np.random.default_rng(0).integers(0, _FOLDS, len(label))
        return cls(label == 1, alike or (np.arange(len(label)),), fold)

    def auc(self, score: F64, present: Bool | slice = slice(None), min_rows: int = 1) -> float:
        """Return the AUC of scores of some rows.

        Args:
            score: [m] of these rows.
            present: which of all rows they are.
            min_rows: with fewer of either label the AUC is a half.
        """
        label = self.label[present]
        ones = int(label.sum())
        if min(ones, len(label) - ones) < min_rows:
            return 0.5
        # by rank, for scores are compared as float32
        return auc(label, np.unique(score, return_inverse=True)[1])

    def rate_elsewhere(self, values: pa.Array) -> F64:
        """Return [n] the rate of ones at rows of the same value in other folds.

        One more row of the overall rate of these folds is added, so that each value has a rate.
        """
        code = _codes(values)
        size = int(code.max(initial=-1)) + 1
        rows, ones = (
            np.bincount(code * _FOLDS + self.fold, weights, size * _FOLDS).reshape(size, _FOLDS)
            for weights in (None, self.label)
        )
        rows, ones = (counts.sum(axis=1, keepdims=True) - counts for counts in (rows, ones))
        overall = ones.sum(axis=0) / np.maximum(rows.sum(axis=0), 1)
        rate: F64 = ((ones + overall) / (rows + 1))[code, self.fold]
        return rate

    def one_label(self, values: pa.Array) -> OneLabel | None:
        """Return the value, not null, whose rows all have one label with the least chance; None without any.

        The chance is that of as many draws as the value's rows have distinct users, or items if these are
        fewer: one item that nobody likes has many rows of label 0, and is no wonder.
        """
        present = mask(values.is_valid())
        encoded = values.drop_null().dictionary_encode()
        code = np.asarray(encoded.indices.to_numpy(), np.int64)
        rows, ones = np.bincount(code), np.bincount(code, self.label[present])
        single = (ones == 0) | (ones == rows)
        if not single.any():
            return None
        kept = single[code]
        draws = np.min([_distinct(code[kept], ids[present][kept], len(rows)) for ids in self.alike], axis=0)
        share = self.label.mean()
        chance = np.where(single, np.where(ones == 0, 1 - share, share) ** draws, 1)
        least = int(chance.argmin())
        value = encoded.dictionary[least].as_py()
        return OneLabel(value, int(rows[least]), int(ones[least] > 0), float(chance[least]))


def _codes(values: pa.Array) -> I64:
    """Return [n] codes of values, null among them."""
    return np.asarray(values.dictionary_encode("encode").indices.to_numpy(), np.int64)


def _distinct(code: I64, ids: I64, codes: int) -> I64:
    """Return [codes] how many distinct ids the rows of each code have."""
    size = int(ids.max(initial=0)) + 1
    return np.bincount(np.unique(code * size + ids) // size, minlength=codes)
