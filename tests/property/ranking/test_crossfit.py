"""Parts of cross-fitting: whatever the rows, nobody is asked with an own or a later label."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from embedding_features.errors import ConfigError
from ranking.log_features.crossfit import random_folds, time_blocks

TRAIN = st.lists(st.booleans(), min_size=2, max_size=40)


@given(TRAIN, st.integers(2, 6), st.integers(0, 9))
def test_folds_partition_the_rows(train: list[bool], folds: int, seed: int) -> None:
    mask = np.array(train)
    assume(mask.sum() >= folds)
    parts = random_folds(mask, folds, seed)
    asked = np.concatenate([part.asked for part in parts])
    assert sorted(asked) == list(range(len(mask)))
    for part in parts:
        assert mask[part.known].all()
        assert not np.intersect1d(part.asked, part.known).size
        assert len(part.known) + mask[part.asked].sum() == mask.sum()
    sizes = [len(part.asked) for part in parts[:folds]]
    assert max(sizes) - min(sizes) <= 1


@given(TRAIN, st.data(), st.integers(1, 5))
def test_blocks_know_exactly_the_earlier_rows(train: list[bool], data: st.DataObject, blocks: int) -> None:
    mask, n = np.array(train), len(train)
    time = np.array(data.draw(st.lists(st.integers(0, 12), min_size=n, max_size=n)))
    since = data.draw(st.integers(1, 10))
    try:
        parts = time_blocks(mask, time, since, blocks)
    except ConfigError:
        late = time[mask & (time >= since)]
        assert len(late) in (0, mask.sum()) or len(np.unique(late)) < max(blocks, len(late))
        return
    asked = np.concatenate([part.asked for part in parts])
    assert sorted(asked) == sorted(np.flatnonzero(~mask | (time >= since)))
    for part in parts:
        assert mask[part.known].all()
        if mask[part.asked].all():
            start = time[part.asked].min()
            assert sorted(part.known) == sorted(np.flatnonzero(mask & (time < start)))
