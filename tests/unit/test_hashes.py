"""Hashes of rows of several columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedding_features.hashes import joint_hashes

CODES = st.integers(1, 30).flatmap(lambda n: arrays(np.uint64, (3, n), elements=st.integers(0, 2)))


def test_known_values():
    """SplitMix64 of seed 0 begins with these two; columns of zeros are its steps."""
    zeros = np.zeros(1, np.uint64)
    assert [f"{joint_hashes([zeros] * 1)[0]:x}"] == ["e220a8397b1dcdaf"]
    assert joint_hashes([zeros, zeros])[0] != joint_hashes([zeros])[0]


@given(CODES)
def test_rows_are_alike_if_and_only_if_their_hashes_are(columns):
    rows = [tuple(row) for row in columns.T.tolist()]
    hashes = joint_hashes(list(columns)).tolist()
    assert len(set(zip(rows, hashes, strict=True))) == len(set(rows)) == len(set(hashes))
