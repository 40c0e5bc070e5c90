"""The noise distribution of negative samples: a table of each node type's rows."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.walks.draws import below, mix, unit


class Noise(NamedTuple):
    """Holds an alias table for the rows of each node type.

    Attributes:
        spans: [types + 1] where the rows of each type begin.
        keep: [rows] probability of keeping a row that was drawn evenly.
        alias: [rows] row that is taken else, of the same type.
    """

    spans: I64
    keep: F64
    alias: I64


def noise_of(counts: I64, spans: I64, table: Callable[[I64], tuple[F64, I64]]) -> Noise:
    """Return the noise of all types.

    Args:
        counts: [rows] how often walks stand at each.
        spans: [types + 1] where the rows of each type begin.
        table: makes the alias table of the rows of one type, from their counts.
    """
    keep, alias = np.ones(len(counts)), np.arange(len(counts))
    for begin, end in pairwise(spans.tolist()):
        if counts[begin:end].any():  # negatives are drawn of types that walks meet
            keep[begin:end], own = table(counts[begin:end])
            alias[begin:end] = own + begin
    return Noise(spans, keep, alias)


@jit()
def draw_targets(noise: Noise, node: int, state: np.uint64, targets: I64) -> tuple[int, np.uint64]:
    """Put ``node`` and negatives of its type into ``targets``; return how many there are, and the new state.

    A negative that is ``node`` itself is left out, as by word2vec.

    Args:
        noise: the distributions.
        node: row of the positive.
        state: of the walk's stream.
        targets: [1 + negatives] what is filled in, from the front.
    """
    kind = 0
    while node >= noise.spans[kind + 1]:
        kind += 1
    first, size = noise.spans[kind], noise.spans[kind + 1] - noise.spans[kind]
    targets[0] = node
    count = 1
    for _ in range(len(targets) - 1):
        state += GOLDEN
        drawn = first + below(mix(state), size)
        state += GOLDEN
        if unit(mix(state)) >= noise.keep[drawn]:
            drawn = int(noise.alias[drawn])
        if drawn != node:
            targets[count] = drawn
            count += 1
    return count, state
