"""Of the rows of a snapshot with one id, the last created is kept."""

import numpy as np
import pandas as pd
import pyarrow as pa

from embedding_features.arrays import I64
from embedding_features.errors import StoreError


def last_by_id(codes: np.ndarray, texts: pa.ChunkedArray | None, created: I64) -> I64:
    """Return the row of each distinct id, ascending by code; of rows with one id the last created.

    Args:
        codes: [n] int64 ids, or uint64 hashes of ``texts``.
        texts: [n] the ids where they are strings; None where they are integers.
        created: [n] int64 microseconds.

    Raises:
        StoreError: when two rows of an id have the same created timestamp: which is right, nobody knows.
    """
    names = np.zeros(len(codes), np.int64)
    if texts is not None:
        order = np.argsort(codes, kind="stable")
        twin = np.flatnonzero(np.diff(codes[order]) == 0)
        touched = np.unique(np.concatenate([order[twin], order[twin + 1]]))
        encoded = pa.array(texts.take(pa.array(touched)).to_pylist(), pa.large_string()).dictionary_encode()
        names[touched] = encoded.indices.to_numpy(zero_copy_only=False)
    shown = pa.chunked_array([pa.array(codes)]) if texts is None else texts
    return _last_of_each(codes, names, created, shown)


def hashes(texts: np.ndarray) -> np.ndarray:
    """Return the SipHash of each string: [n] object → [n] uint64."""
    return pd.util.hash_array(texts, categorize=False) if len(texts) else np.zeros(0, np.uint64)


def _last_of_each(codes: np.ndarray, names: np.ndarray, created: I64, shown: pa.ChunkedArray) -> I64:
    """Return the row of each distinct id, ascending by code, then name: the last created.

    Args:
        codes: [n] int64 ids, or hashes of strings.
        names: [n] int64, equal for equal ids among those of one code.
        created: [n] int64 microseconds.
        shown: [n] the ids themselves, for errors.

    Raises:
        StoreError: when two rows of an id have the same created timestamp: which is right, nobody knows.
    """
    order = np.lexsort((created, names, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(names[order]) == 0)
    twins = np.flatnonzero(same & (np.diff(created[order]) == 0))
    if len(twins):
        raise StoreError(
            f"id {shown[int(order[twins[0]])].as_py()!r} is there twice, created at the same time",
            fix="keep one row of each id, or give the rows a created timestamp",
        )
    return order[np.append(~same, True)] if len(order) else order
