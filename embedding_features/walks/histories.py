"""Histories as walks: the items of a source, in the order of time or in any."""

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np

from embedding_features.arrays import I32, I64, positions_in_runs
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.walks.base import Walker, Walks
from embedding_features.walks.draws import below, mix, walk_state
from embedding_features.walks.temporal import by_time


class HistoryWalks(Walks):
    """Gives the items that a source has edges to, in the place of walks: item2vec, and sequences.

    ``"shuffled"`` (Barkan & Koenigstein, Item2vec, MLSP 2016, section 3: sets, shuffled whenever they are
    read): a window then holds any items of the same history. Of a history longer than ``length`` each walk
    draws ``length`` items anew, and there are as many walks as hold it once. ``"time"``: items follow each
    other by their edges' times, those of one time by item. A history longer than ``length`` is cut into walks
    at a place that each round draws, so that no two items are kept apart every time.

    An item that a source has several edges to is there as often; weights do not count.

    Attributes:
        order: of the items.
    """

    kind: Literal["history_walks"] = "history_walks"
    order: Literal["shuffled", "time"] = "shuffled"

    def over_view(self, view: GraphView) -> tuple["HistoryWalker", tuple[str, ...]]:
        """Return the walker over the histories of the first relation's sources, and the items' type."""
        relation = view.matrix()
        return self.over(relation.forward), (relation.dst,)

    def over(self, csr: CSR) -> "HistoryWalker":
        """Return the walker over a relation from sources to items; its rows are those of the items.

        Args:
            csr: [sources, items], with times for ``"time"``.

        Raises:
            GraphError: when times are asked for and there are none.
        """
        if self.order == "time" and csr.time is None:
            raise GraphError(
                "histories in the order of time need edges with times",
                fix='name a timestamp in the schema, or use order: "shuffled"',
            )
        cut = self.order == "time"
        counts = -(-csr.degrees // self.length)  # walks of each source
        counts[csr.degrees < 2] = 0  # one item makes no pair
        if cut:
            counts[csr.degrees > self.length] += 1
        sources = np.repeat(np.arange(csr.rows, dtype=np.int32), counts)
        return HistoryWalker(
            length=self.length,
            starts=np.arange(len(sources), dtype=np.int32),
            spans=np.array([0, csr.columns]),
            sources=sources,
            parts=positions_in_runs(counts).astype(np.int32),
            indptr=csr.indptr,
            indices=by_time(csr, csr.time).indices if cut and csr.time is not None else csr.indices,
            cut=cut,
        )


@dataclass(frozen=True, kw_only=True)
class HistoryWalker(Walker):
    """Draws walks from histories; a start is a source's history or, of a long one, a part.

    Attributes:
        sources: [starts] whose history.
        parts: [starts] which part of it, from 0.
        indptr: [sources + 1] where the items of each source begin.
        indices: [edges] items.
        cut: whether a walk is a run of items, and not drawn from all of the history.
    """

    sources: I32
    parts: I32
    indptr: I64
    indices: I32
    cut: bool

    @property
    def origins(self) -> int:
        """The number of starts."""
        return len(self.starts)

    def _draw(self, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
        sources, parts = self.sources[starts], self.parts[starts]
        if self.cut:
            _cut(self.indptr, self.indices, sources, parts, key, number, walks)
        else:
            _shuffle(self.indptr, self.indices, sources, parts, key, number, walks)


@jit(parallel=True)
def _cut(
    indptr: I64, indices: I32, sources: I32, parts: I32, key: np.uint64, number: int, walks: I32
) -> None:
    count, length = walks.shape
    for w in numba.prange(count):
        first, last = indptr[sources[w]], indptr[sources[w] + 1]
        begin = first + parts[w] * length
        if last - first > length:  # one cut for all parts of a source
            begin -= below(mix(walk_state(key, sources[w], number)), length)
        for place in range(max(begin, first), min(begin + length, last)):
            walks[w, place - max(begin, first)] = indices[place]


@jit(parallel=True)
def _shuffle(
    indptr: I64, indices: I32, sources: I32, parts: I32, key: np.uint64, number: int, walks: I32
) -> None:
    for w in numba.prange(len(walks)):
        first, size = indptr[sources[w]], indptr[sources[w] + 1] - indptr[sources[w]]
        walk = walks[w, : min(size, walks.shape[1])]
        state = walk_state(mix(key + GOLDEN * np.uint64(parts[w])), sources[w], number)
        state = _draw_places(walk, size, state)
        for place in range(len(walk) - 1, 0, -1):  # Fisher–Yates
            state += GOLDEN
            other = below(mix(state), place + 1)
            walk[place], walk[other] = walk[other], walk[place]
        for place in range(len(walk)):
            walk[place] = indices[first + walk[place]]


@jit()
def _draw_places(walk: I32, size: int, state: np.uint64) -> np.uint64:
    """Fill ``walk`` with different numbers below ``size``, and return the new state.

    Every set of them is as likely: Floyd's algorithm (Bentley & Floyd, A Sample of Brilliance, CACM 1987).
    """
    for place in range(len(walk)):
        last = size - len(walk) + place
        state += GOLDEN
        drawn = below(mix(state), last + 1)
        walk[place] = drawn
        for earlier in range(place):
            if walk[earlier] == drawn:
                walk[place] = last
                break
    return state
