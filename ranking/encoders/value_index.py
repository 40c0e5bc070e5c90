"""Where a value stands in a vocabulary, found without numbering the vocabulary anew."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from ranking.encoders.values import hashes_of


class ValueIndex:
    """Searches distinct int64s or strings by a lasting index: a request has few values, and no time.

    Args:
        values: [v] distinct, without null.
    """

    def __init__(self, values: pa.Array) -> None:
        self._values = values
        codes = _codes(values)
        self._order = np.argsort(codes, kind="stable")
        self._codes = codes[self._order]
        #: two strings of one hash: never yet met, but what is found must be right
        self._twins = bool((self._codes[1:] == self._codes[:-1]).any())

    def find(self, values: pa.Array) -> I64:
        """[n] 1 + the place of each value; 0 where there is none, or for null."""
        if self._twins or not len(self._codes):
            places = pc.index_in(values, value_set=self._values)
            return np.asarray(pc.add(places, 1).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        codes = _codes(values)
        at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        place = self._order[at]
        hit = np.asarray(values.is_valid().to_numpy(zero_copy_only=False), np.bool_) & (
            self._codes[at] == codes
        )
        if pa.types.is_string(values.type):
            same = pc.equal(self._values.take(pa.array(place)), values).fill_null(False)
            hit &= np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)
        found: I64 = np.where(hit, place + 1, 0)
        return found


def _codes(values: pa.Array) -> np.ndarray:
    """[n] integers themselves, 64-bit hashes of strings; anything where null."""
    if pa.types.is_string(values.type):
        return hashes_of(values)
    return np.asarray(values.fill_null(0).to_numpy(zero_copy_only=False))
