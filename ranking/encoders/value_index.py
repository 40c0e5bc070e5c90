"""An index of a vocabulary: finds few values without Arrow numbering the whole vocabulary anew."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.arrow import mask
from ranking.encoders.values import hashes_of


class ValueIndex:
    """Finds values among distinct int64s or strings; it is built once and kept, for a request has no time.

    Args:
        values: [v] distinct, without null.
    """

    def __init__(self, values: pa.Array) -> None:
        self._values = values
        keys = _sort_keys(values)
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        #: two strings of one hash: never yet seen, but what is found must be right
        self._collides = bool((self._keys[1:] == self._keys[:-1]).any())

    def find(self, values: pa.Array) -> I64:
        """Return [n] 1 + the position of each value; 0 for null, and where it is not among them."""
        if self._collides or not len(self._keys):
            positions = pc.index_in(values, value_set=self._values)
            return np.asarray(pc.add(positions, 1).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        keys = _sort_keys(values)
        nearest = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        position = self._order[nearest]
        hit = mask(values.is_valid()) & (self._keys[nearest] == keys)
        if pa.types.is_string(values.type):
            same = pc.equal(self._values.take(pa.array(position)), values).fill_null(False)
            hit &= mask(same)
        found: I64 = np.where(hit, position + 1, 0)
        return found


def _sort_keys(values: pa.Array) -> np.ndarray:
    """Return [n] integers themselves, 64-bit hashes of strings; anything where null."""
    if pa.types.is_string(values.type):
        return hashes_of(values)
    return np.asarray(values.fill_null(0).to_numpy(zero_copy_only=False))
