"""Candidates of several mixes as one: what is known of a pair is looked up once, whoever proposed it."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from ranking.modes.merge import Candidates


def union(mixes: Sequence[Candidates]) -> tuple[Candidates, list[I64]]:
    """All candidates of each request, each once, and of each mix the places [c] of its own among them.

    Args:
        mixes: of the same requests.
    """
    encoded = pa.concat_arrays([mix.items.flatten() for mix in mixes]).dictionary_encode()
    codes = np.asarray(encoded.indices.to_numpy(), np.int64)
    size, ends = len(encoded.dictionary), list(accumulate(len(mix.request) for mix in mixes))
    requests = np.concatenate([mix.request for mix in mixes])
    keys, place = np.unique(requests * max(size, 1) + codes, return_inverse=True)
    offsets = np.searchsorted(keys, np.arange(len(mixes[0].items) + 1) * max(size, 1))
    items = encoded.dictionary.take(pa.array(keys % max(size, 1)))
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items)
    places: list[I64] = np.split(place.astype(np.int64), ends[:-1])
    return Candidates(lists, {}), places
