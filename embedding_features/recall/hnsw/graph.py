"""The HNSW graph: built by faiss, walked by our kernel."""

from typing import Any

import faiss as typed_faiss
import numba
import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.artifact import Metric
from embedding_features.recall.hnsw.byte_scores import LINE
from embedding_features.recall.hnsw.graph_arrays import I8, GraphArrays, encode, entries_of
from embedding_features.recall.hnsw.walk import walk, walk_in_parts
from embedding_features.recall.rank import ONE_AT_A_TIME

#: its type stubs lack much
faiss: Any = typed_faiss

#: queries × breadth below which threads cost more than they save
_ALONE = 512
#: parts of the queries for each thread, so that none waits long for another
_PARTS = 4


class HNSWGraph:
    """Finds rows near a query by a walk over a graph.

    Attributes:
        index: faiss's index, which owns the links and the vectors in full.
        arrays: the arrays that a walk reads.
    """

    def __init__(self, index: Any, codes: I8, scales: F32, entries: I32) -> None:
        self.index = index
        hnsw = index.hnsw
        neighbors: I32 = faiss.rev_swig_ptr(hnsw.neighbors.data(), hnsw.neighbors.size())
        offsets: I64 = faiss.rev_swig_ptr(hnsw.offsets.data(), hnsw.offsets.size()).view(np.int64)
        for array in (codes, scales, entries):
            array.flags.writeable = False  # as when mapped: numba compiles by it
        self.arrays = GraphArrays(codes, scales, entries, neighbors, offsets, int(hnsw.nb_neighbors(0)))

    @classmethod
    def over(cls, index: Any, metric: Metric) -> "HNSWGraph":
        """Make the graph of a faiss index that holds all its vectors."""
        held = vectors_in(index)
        return cls(index, *encode(held), entries_of(held, metric))

    @property
    def coded(self) -> tuple[int, int]:
        """Number and dimension of the vectors that the codes are for: those of the index if they fit it."""
        count, width = self.arrays.codes.shape
        fits = len(self.arrays.scales) == count and 0 <= width - self.index.d < LINE
        return count, self.index.d if fits else width

    @property
    def vectors(self) -> F32:
        """[n, d] read-only view, valid while the graph lives."""
        held = vectors_in(self.index)
        held.flags.writeable = False
        return held

    def near(self, queries: F32, bias: F32, breadth: int) -> I64:
        """Return [q, min(breadth, n)] rows near each query, -1 where there are fewer; see :func:`.walk`."""
        breadth = min(breadth, len(self.arrays.codes))
        found = np.empty((len(queries), breadth), np.int64)
        if found.size <= _ALONE:
            walk(queries, bias, self.arrays, breadth, 0, len(queries), found)
        else:
            with ONE_AT_A_TIME:
                parts = min(len(queries), _PARTS * numba.get_num_threads())
                walk_in_parts(queries, bias, self.arrays, breadth, parts, found)
        return found


def vectors_in(index: Any) -> F32:
    """Return an [n, d] view into the vectors of a faiss HNSW index, valid while it lives."""
    flat: F32 = faiss.rev_swig_ptr(faiss.downcast_index(index.storage).get_xb(), index.ntotal * index.d)
    return flat.reshape(index.ntotal, index.d)
