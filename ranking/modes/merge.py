"""Candidates of a request: merged from the lists of several sources, and the union of several mixes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, Bool
from embedding_features.errors import ConfigError, DataError
from embedding_features.jit import jit
from ranking.modes.lists import list_numbers


@dataclass(frozen=True)
class Candidates:
    """The items to rank for some requests.

    Attributes:
        items: [q] lists of ids, each once a request, in the order in which they were merged.
        found: source → [c] whether it had the candidate in its list, c over all lists.
    """

    items: pa.ListArray
    found: Mapping[str, Bool]

    @property
    def offsets(self) -> I64:
        """[q + 1] where each request's candidates begin."""
        return np.asarray(self.items.offsets.to_numpy(), np.int64)

    @property
    def request(self) -> I64:
        """[c] number of the request whose candidate it is."""
        return list_numbers(self.items)


def merge(
    lists: Mapping[str, pa.ListArray], quotas: Mapping[str, int], total: int, seen: pa.ListArray
) -> Candidates:
    """Return up to ``total`` unseen candidates of each request, each once.

    The sources take turns in their order, and each gives its next item that is neither seen nor given yet,
    until it has given its quota. Where that leaves room, those with more to give take turns again.

    Args:
        lists: source → [q] lists, best first.
        quotas: source → items it may give before others have given theirs.
        total: the most candidates that a request gets.
        seen: [q] lists of what must not be given.

    Raises:
        ConfigError: when a source has no quota or a negative one, or ``total`` < 1.
        DataError: when lists are of unlike numbers of requests or types.
    """
    wrong = sorted(set(lists) ^ set(quotas)) or sorted(name for name in quotas if quotas[name] < 0)
    if wrong or not lists or total < 1:
        raise ConfigError(
            f"quotas {dict(quotas)} of {total} candidates from the sources {list(lists)}",
            fix="give each source a quota of at least 0, and at least one candidate a request",
        )
    every = [*lists.values(), seen]
    if len({len(one) for one in every}) != 1 or len({one.type.value_type for one in every}) != 1:
        raise DataError(
            f"lists of {[len(one) for one in every]} requests, of {[str(one.type) for one in every]}",
            fix="make all of them for the same requests",
        )
    encoded = pa.concat_arrays([one.flatten() for one in every]).dictionary_encode()
    codes = np.asarray(encoded.indices.to_numpy(), np.int64)
    bounds = np.concatenate([[0], np.cumsum([len(one.flatten()) for one in every])])
    begin = np.stack([one.offsets.to_numpy() - one.offsets[0].as_py() for one in every]) + bounds[:-1, None]
    size = len(encoded.dictionary)
    quota = np.array([quotas[name] for name in lists], np.int64)
    chosen, count = _take_turns(begin.astype(np.int64), codes, quota, total, size)
    offsets = np.concatenate([[0], np.cumsum(count)])
    kept = chosen[np.arange(total) < count[:, None]]
    items = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), encoded.dictionary.take(pa.array(kept)))
    keys = np.repeat(np.arange(len(seen)), count) * size + kept
    found = {}
    for number, name in enumerate(lists):
        owner = np.repeat(np.arange(len(seen)), np.diff(begin[number]))
        found[name] = np.isin(keys, owner * size + codes[bounds[number] : bounds[number + 1]])
    return Candidates(items, found)


def union(mixes: Sequence[Candidates]) -> tuple[Candidates, list[I64]]:
    """Return all candidates of each request, each once, and where [c] those of each mix are among them.

    Columns and scores of a pair are then made once, whichever mixes proposed it.

    Args:
        mixes: candidates of the same requests, by different sources.
    """
    encoded = pa.concat_arrays([mix.items.flatten() for mix in mixes]).dictionary_encode()
    codes = np.asarray(encoded.indices.to_numpy(), np.int64)
    size, ends = len(encoded.dictionary), list(accumulate(len(mix.request) for mix in mixes))
    requests = np.concatenate([mix.request for mix in mixes])
    keys, position = np.unique(requests * max(size, 1) + codes, return_inverse=True)
    offsets = np.searchsorted(keys, np.arange(len(mixes[0].items) + 1) * max(size, 1))
    items = encoded.dictionary.take(pa.array(keys % max(size, 1)))
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items)
    positions: list[I64] = np.split(position.astype(np.int64), ends[:-1])
    return Candidates(lists, {}), positions


@jit()
def _take_turns(begin: I64, codes: I64, quota: I64, total: int, size: int) -> tuple[I64, I64]:
    """[q, total] codes and [q] how many; the last row of ``begin`` [sources + 1, q + 1] is of the seen."""
    sources, requests = len(begin) - 1, begin.shape[1] - 1
    chosen, count = np.zeros((requests, total), np.int64), np.zeros(requests, np.int64)
    gone = np.full(size, -1, np.int64)  # the request in which a code was last seen or given
    for request in range(requests):
        for at in range(begin[sources, request], begin[sources, request + 1]):
            gone[codes[at]] = request
        place, given = begin[:sources, request].copy(), np.zeros(sources, np.int64)
        for limited in (True, False):
            moved = True
            while moved and count[request] < total:
                moved = False
                for source in range(sources):
                    if count[request] == total or (limited and given[source] >= quota[source]):
                        continue
                    while place[source] < begin[source, request + 1]:
                        code = codes[place[source]]
                        place[source] += 1
                        if gone[code] != request:
                            gone[code] = request
                            chosen[request, count[request]] = code
                            count[request] += 1
                            given[source] += 1
                            moved = True
                            break
    return chosen, count
