"""The training of skip-grams on walks, compiled.

Sums are in an order that the source states (:mod:`.dot_product`, :mod:`.descend`), so that at one thread the
vectors are the same in every process.
"""

from typing import NamedTuple

import numba
import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.solvers.dot_product import dot
from embedding_features.solvers.sgns.descend import descend
from embedding_features.solvers.sgns.noise import Noise, draw_targets
from embedding_features.solvers.sgns.sigmoid import sigmoid
from embedding_features.walks.draws import below, mix, walk_state


class Model(NamedTuple):
    """Holds what is trained, in place, and the table that it is trained by.

    Attributes:
        vectors: [rows, dim] of nodes as inputs.
        contexts: [rows, dim] of nodes as outputs.
        sigmoid: see :func:`.sigmoid_table`.
    """

    vectors: F32
    contexts: F32
    sigmoid: F32


class Schedule(NamedTuple):
    """Holds the learning rates, which fall linearly from walk to walk.

    Attributes:
        start: rate of the first walk.
        end: rate behind the last.
        walks: number of all walks.
    """

    start: float
    end: float
    walks: int


@jit(parallel=True)
def train(
    walks: I32,
    first: int,
    model: Model,
    noise: Noise,
    schedule: Schedule,
    window: int,
    negatives: int,
    key: np.uint64,
    parts: int,
) -> int:
    """Train on a batch of walks, shared out to threads in equal parts; return the number of pairs.

    Threads write into the same rows without locks (Hogwild, Recht et al., NIPS 2011).

    Args:
        walks: [n, length] rows, -1 behind the end.
        first: number of ``walks[0]`` among all walks.
        model: what is trained.
        noise: of negatives.
        schedule: of learning rates.
        window: largest distance of a pair, in steps.
        negatives: drawn for each node of a walk.
        key: of windows and negatives.
        parts: number of parts.
    """
    count = len(walks)
    pairs = np.zeros(parts, np.int64)
    for part in numba.prange(parts):
        targets = np.empty(1 + negatives, np.int64)
        gains = np.empty(len(targets), np.float32)
        for w in range(part * count // parts, (part + 1) * count // parts):
            done = (first + w) / schedule.walks
            rate = np.float32(schedule.start + (schedule.end - schedule.start) * done)
            state = walk_state(key, first + w, 0)
            pairs[part] += _train_walk(walks[w], model, noise, window, rate, state, targets, gains)
    return int(pairs.sum())


@jit()
def _train_walk(
    walk: I32,
    model: Model,
    noise: Noise,
    window: int,
    rate: np.float32,
    state: np.uint64,
    targets: I64,
    gains: F32,
) -> int:
    """Train on the pairs of one walk, and count them."""
    pairs, length = 0, len(walk)
    while length > 0 and walk[length - 1] < 0:
        length -= 1
    for place in range(length):
        state += GOLDEN
        reach = 1 + below(mix(state), window)
        count, state = draw_targets(noise, int(walk[place]), state, targets)
        begin, end = max(0, place - reach), min(length, place + reach + 1)
        for other in range(begin, end):
            if other != place:
                train_pair(model, int(walk[other]), targets[:count], rate, gains)
                pairs += 1
    return pairs


@jit()
def train_pair(model: Model, node: int, targets: I64, rate: np.float32, gains: F32) -> None:
    """Take a step down the gradient of -log σ(v·c₀) - Σ_{k > 0} log σ(-v·c_k), all slopes at one point.

    Args:
        model: v is ``vectors[node]``, c_k is ``contexts[targets[k]]``.
        node: row of the input.
        targets: [1 + n] rows of outputs, the positive one first.
        rate: of learning.
        gains: [1 + n or more] working memory.
    """
    vector = model.vectors[node]
    for k in range(len(targets)):
        label = np.float32(1 if k == 0 else 0)
        score = dot(vector, model.contexts[targets[k]])
        gains[k] = rate * (label - sigmoid(score, model.sigmoid))
    descend(vector, model.contexts, targets, gains)
