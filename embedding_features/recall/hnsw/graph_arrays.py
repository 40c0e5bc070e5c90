"""The arrays of a graph that a walk reads."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from embedding_features.arrays import F32, I32, I64
from embedding_features.artifact import Metric
from embedding_features.recall.hnsw.byte_scores import LINE

I8 = npt.NDArray[np.int8]

#: vectors encoded at once
_BATCH = 10_000


class GraphArrays(NamedTuple):
    """The lowest level of a graph, and its vectors as bytes.

    Attributes:
        codes: [n, w] int8, w a multiple of 64: vector i is about ``codes[i] * scales[i]``, with zeros behind.
        scales: [n] float32.
        entries: [e] int32 rows that every walk begins from.
        neighbors: int32; node i's begin at ``offsets[i]``: ``links`` of them, or up to the first -1.
        offsets: [n + 1] int64.
        links: the most neighbours of a node.
    """

    codes: I8
    scales: F32
    entries: I32
    neighbors: I32
    offsets: I64
    links: int


def encode(vectors: F32) -> tuple[I8, F32]:
    """Return [n, w] codes, each starting a cache line, and [n] scales of [n, d] vectors."""
    count, dim = vectors.shape
    width = -(-dim // LINE) * LINE
    memory = np.zeros(count * width + LINE, np.int8)
    shift = -memory.ctypes.data % LINE
    codes = memory[shift : shift + count * width].reshape(count, width)
    greatest = np.maximum(vectors.max(axis=1, initial=0), -vectors.min(axis=1, initial=0))
    greatest[greatest == 0] = 1
    for start in range(0, count, _BATCH):
        some = slice(start, start + _BATCH)
        codes[some, :dim] = np.rint(vectors[some] / greatest[some, None] * np.float32(127))
    return codes, (greatest / np.float32(127)).astype(np.float32)


def entries_of(vectors: F32, metric: Metric) -> I32:
    """Choose [√n] rows that every walk begins from.

    By inner product the longest vectors: they are what most queries want, and lead to the rest; begun from
    others, a search needs several times the breadth (docs/howto/recall.md). Else rows at equal distances.
    """
    count = int(np.ceil(len(vectors) ** 0.5))
    if metric != "dot":
        return np.linspace(0, len(vectors) - 1, count).astype(np.int32)
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return np.sort(np.argpartition(-squares, count - 1)[:count]).astype(np.int32)
