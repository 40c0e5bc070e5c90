"""Training on edges that are drawn by weight, compiled."""

from typing import NamedTuple

import numba
import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.sampling.alias_table import alias_table
from embedding_features.solvers.sgns.noise import Noise, draw_targets
from embedding_features.solvers.sgns.pair import Model, train_pair
from embedding_features.walks.draws import below, mix, unit, walk_state

#: the learning rate falls to this share of the first one
_LAST_RATE = 1e-4


class EdgeTable(NamedTuple):
    """Holds edges between rows and the table by which they are drawn.

    Attributes:
        sources: [edges] rows.
        targets: [edges] rows.
        keep: [edges] probability of keeping an edge that was drawn evenly.
        alias: [edges] edge that is taken else.
    """

    sources: I32
    targets: I32
    keep: F64
    alias: I64


class Network(NamedTuple):
    """Holds what a network is trained by.

    Attributes:
        edges: that are drawn.
        noise: of the targets' negatives.
    """

    edges: EdgeTable
    noise: Noise


class Course(NamedTuple):
    """Says how a network is trained on.

    Attributes:
        number: of the network among those trained together; each has draws of its own.
        samples: edges drawn in all.
        rate: of learning at the first edge; it falls linearly to 1e-4 of that.
        negatives: drawn for each edge.
        joint: whether inputs and outputs are one table, so that no node may be its own negative.
    """

    number: int
    samples: int
    rate: float
    negatives: int
    joint: bool


def network_of(edges: CSR, popularity: F64, sources: int = 0, targets: int = 0) -> Network:
    """Return the tables of edges, those of weight 0 left out.

    Args:
        edges: [rows, columns], not all of weight 0.
        popularity: [columns] a column is a negative in proportion to its power of 3/4.
        sources: row of the first row.
        targets: row of the first column.
    """
    keep, alias = alias_table(popularity**0.75)
    spans, before = np.array([targets, targets + edges.columns]), np.zeros(targets, np.int64)
    noise = Noise(spans, np.append(before, keep), np.append(before, alias + targets))
    weight = edges.weights().astype(np.float64)
    src, dst = (ends[weight > 0] for ends in (edges.sources() + sources, edges.indices + targets))
    return Network(
        EdgeTable(src.astype(np.int32), dst.astype(np.int32), *alias_table(weight[weight > 0])), noise
    )


@jit(parallel=True)
def train(
    edges: EdgeTable,
    noise: Noise,
    first: int,
    count: int,
    model: Model,
    course: Course,
    key: np.uint64,
    parts: int,
) -> None:
    """Train on edges ``first`` to ``first + count`` of those drawn, shared out to threads in equal parts.

    Threads write into the same rows without locks (Hogwild, Recht et al., NIPS 2011).

    Args:
        edges: that are drawn.
        noise: of negatives.
        first: number of the first edge among those drawn.
        count: of edges.
        model: what is trained.
        course: how.
        key: of the draws.
        parts: number of parts.
    """
    for part in numba.prange(parts):
        targets = np.empty(1 + course.negatives, np.int64)
        gains = np.empty(len(targets), np.float32)
        for number in range(first + part * count // parts, first + (part + 1) * count // parts):
            rate = np.float32(course.rate * max(1 - number / course.samples, _LAST_RATE))
            state = walk_state(key, number, course.number)
            _train_edge(edges, noise, model, course.joint, rate, state, targets, gains)


@jit()
def _train_edge(
    edges: EdgeTable,
    noise: Noise,
    model: Model,
    joint: bool,
    rate: np.float32,
    state: np.uint64,
    targets: I64,
    gains: F32,
) -> None:
    state += GOLDEN
    edge = below(mix(state), len(edges.keep))
    state += GOLDEN
    if unit(mix(state)) >= edges.keep[edge]:
        edge = int(edges.alias[edge])
    source = int(edges.sources[edge])
    count, state = draw_targets(noise, int(edges.targets[edge]), state, targets)
    if joint:
        count = _without(targets, count, source)
    train_pair(model, source, targets[:count], rate, gains)


@jit()
def _without(targets: I64, count: int, node: int) -> int:
    """Leave a node out of the first ``count`` targets, in place; return how many are left."""
    left = 0
    for k in range(count):
        if targets[k] != node:
            targets[left] = targets[k]
            left += 1
    return left
