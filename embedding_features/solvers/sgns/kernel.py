"""The training of skip-grams on walks, compiled."""

from typing import NamedTuple

import numba
import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.solvers.sgns.noise import Noise, draw_targets
from embedding_features.solvers.sgns.pair import Hold, Model, train_held_pair, train_pair
from embedding_features.walks.draws import below, mix, walk_state


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


class Memory(NamedTuple):
    """Holds a thread's working memory, [1 + negatives] each: targets of a pair, and how far they move."""

    targets: I64
    gains: F32
    moves: F32


@jit(parallel=True)
def train(
    walks: I32,
    first: int,
    model: Model,
    hold: Hold,
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
        hold: what keeps rows where they were.
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
        gains, moves = np.empty(1 + negatives, np.float32), np.empty(1 + negatives, np.float32)
        memory = Memory(np.empty(1 + negatives, np.int64), gains, moves)
        for w in range(part * count // parts, (part + 1) * count // parts):
            done = (first + w) / schedule.walks
            rate = np.float32(schedule.start + (schedule.end - schedule.start) * done)
            state = walk_state(key, first + w, 0)
            pairs[part] += _train_walk(walks[w], model, hold, noise, window, rate, state, memory)
    return int(pairs.sum())


@jit()
def _train_walk(
    walk: I32,
    model: Model,
    hold: Hold,
    noise: Noise,
    window: int,
    rate: np.float32,
    state: np.uint64,
    memory: Memory,
) -> int:
    """Train on the pairs of one walk, and count them."""
    pairs, length, held = 0, len(walk), len(hold.frozen) > 0
    while length > 0 and walk[length - 1] < 0:
        length -= 1
    for place in range(length):
        state += GOLDEN
        reach = 1 + below(mix(state), window)
        count, state = draw_targets(noise, int(walk[place]), state, memory.targets)
        targets = memory.targets[:count]
        for other in range(max(0, place - reach), min(length, place + reach + 1)):
            if other == place:
                continue
            if held:
                train_held_pair(model, hold, int(walk[other]), targets, rate, memory.gains, memory.moves)
            else:
                train_pair(model, int(walk[other]), targets, rate, memory.gains)
            pairs += 1
    return pairs
