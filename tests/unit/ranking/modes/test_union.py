"""Candidates of several mixes as one: against sets."""

import numpy as np
import pyarrow as pa
import pytest

from ranking.modes.merge import Candidates, union


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("text", [False, True])
def test_each_pair_once_and_each_mix_finds_its_own(seed, text):
    rng = np.random.default_rng(seed)
    requests, mixes = int(rng.integers(1, 6)), []
    for _ in range(int(rng.integers(1, 4))):
        lists = [rng.permutation(9)[: rng.integers(0, 9)].tolist() for _ in range(requests)]
        lists = [[str(item) for item in one] if text else one for one in lists]
        mixes.append(Candidates(pa.array(lists, pa.list_(pa.string() if text else pa.int64())), {}))
    together, places = union(mixes)
    flat, owner = together.items.flatten().to_pylist(), together.request
    for request, items in enumerate(together.items.to_pylist()):
        assert len(items) == len(set(items))
        assert set(items) == {item for mix in mixes for item in mix.items[request].as_py()}
    for mix, place in zip(mixes, places, strict=True):
        assert [flat[at] for at in place] == mix.items.flatten().to_pylist()
        np.testing.assert_array_equal(owner[place], mix.request)
