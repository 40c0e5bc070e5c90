"""The step of a pair, compiled: down the gradient, and where rows are held, back to where those were.

Sums are in an order that the source states (:mod:`.dot_product`, :mod:`.descend`), so that at one thread the
vectors are the same in every process.
"""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F32, I64, Bool
from embedding_features.jit import jit
from embedding_features.solvers.dot_product import dot
from embedding_features.solvers.sgns.descend import descend
from embedding_features.solvers.sgns.sigmoid import sigmoid


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


class Hold(NamedTuple):
    """Holds what keeps rows where they were.

    Attributes:
        frozen: [rows] which do not move at all; empty where nothing is held, then the rest is not read.
        l2: weight λ of λ/2 |v - v_before|², which a pair's loss has for each of its rows.
        vectors: [rows, dim] before, NaN where there were none; empty where λ is 0.
        contexts: likewise.
    """

    frozen: Bool
    l2: np.float32
    vectors: F32
    contexts: F32


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
    _weigh(model, node, targets, rate, gains)
    descend(model.vectors[node], model.contexts, targets, gains, gains)


@jit()
def train_held_pair(
    model: Model, hold: Hold, node: int, targets: I64, rate: np.float32, gains: F32, moves: F32
) -> None:
    """Take the step of :func:`train_pair` with the rows that move, and pull them back.

    The pull is the proximal step v ← (v + rate λ v_before) / (1 + rate λ), which goes past v_before at no λ.

    Args:
        model: what is trained.
        hold: what is frozen, and what pulls.
        node: row of the input.
        targets: [1 + n] rows of outputs, the positive one first.
        rate: of learning.
        gains: [1 + n or more] working memory.
        moves: [1 + n or more] working memory.
    """
    _weigh(model, node, targets, rate, gains)
    for k in range(len(targets)):
        moves[k] = np.float32(0) if hold.frozen[targets[k]] else gains[k]
    if hold.frozen[node]:
        gains[: len(targets)] = 0
    descend(model.vectors[node], model.contexts, targets, gains, moves)
    if hold.l2 > 0:
        share = rate * hold.l2 / (np.float32(1) + rate * hold.l2)
        _pull(model.vectors[node], hold.vectors[node], share)
        for k in range(len(targets)):
            _pull(model.contexts[targets[k]], hold.contexts[targets[k]], share)


@jit()
def _weigh(model: Model, node: int, targets: I64, rate: np.float32, gains: F32) -> None:
    """Put rate times slope of each target into ``gains``."""
    vector = model.vectors[node]
    for k in range(len(targets)):
        label = np.float32(1 if k == 0 else 0)
        score = dot(vector, model.contexts[targets[k]])
        gains[k] = rate * (label - sigmoid(score, model.sigmoid))


@jit()
def _pull(row: F32, before: F32, share: np.float32) -> None:
    """Move a row by a share of the way to where it was, unless it was not there."""
    if np.isnan(before[0]):
        return
    for at in range(len(row)):
        row[at] += share * (before[at] - row[at])
