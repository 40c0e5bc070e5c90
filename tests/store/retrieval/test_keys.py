"""Numbering entity keys: equal rows, equal numbers, and no others."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from embedding_features.store.retrieval.keys import codes

INTS = st.one_of(st.none(), st.sampled_from([0, 1, -(2**63), 2**63 - 1, 2**53 + 1]))
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b\x00", "é"]))


@given(st.lists(st.tuples(INTS, TEXTS, st.integers(-1, 3))))
def test_rows_are_numbered_by_what_they_hold(rows):
    ints, texts, numbers = zip(*rows, strict=True) if rows else ((), (), ())
    found = codes([pa.array(ints, pa.int64()), pa.array(texts, pa.string()), np.array(numbers, np.int64)])
    known = [None not in row and row[2] >= 0 for row in rows]
    assert (found >= 0).tolist() == known
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            if known[i] and known[j]:
                assert (found[i] == found[j]) == (a == b)
