"""The vectors that a skip-gram starts from: drawn, or those of an earlier one."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, Bool
from embedding_features.errors import DataError
from embedding_features.solvers.sgns.pair import Hold, Model
from embedding_features.solvers.sgns.sigmoid import sigmoid_table
from embedding_features.walks.draws import Purpose, key_of


@dataclass(frozen=True)
class SkipGram:
    """Holds the vectors of a skip-gram; rows that no walk met are as they were at the start.

    Attributes:
        vectors: [rows, dim] float32 of nodes as inputs: the embeddings.
        contexts: [rows, dim] float32 of nodes as outputs; σ of the inner product of a vector and a context is
            the probability that a pair is no noise.
        pairs: on which they were trained.
    """

    vectors: F32
    contexts: F32
    pairs: int = 0


def first_model(rows: int, dim: int, seed: int, start: SkipGram | None) -> Model:
    """Return what training starts from; it shares no memory with ``start``.

    Rows that ``start`` lacks are as gensim's: vectors drawn evenly from -1 to 1 over dim, and contexts of
    zeros. Half of that, as word2vec's, learns less from few walks.

    Args:
        rows: number of nodes.
        dim: width of the vectors.
        seed: of the draws.
        start: earlier vectors in rows of now, NaN where there were none.

    Raises:
        DataError: when ``start`` is of another shape, or holds infinity, or NaN in a part of a row.
    """
    rng = np.random.default_rng(key_of(seed, Purpose.VECTORS))
    vectors = (2 * rng.random((rows, dim), np.float32) - np.float32(1)) / np.float32(dim)
    contexts = np.zeros((rows, dim), np.float32)
    if start is not None:
        for name, table, before in (
            ("vectors", vectors, start.vectors),
            ("contexts", contexts, start.contexts),
        ):
            known = _known(before, (rows, dim), name)
            table[known] = before[known]
    return Model(vectors, contexts, sigmoid_table())


def hold_of(start: SkipGram | None, frozen: Bool | None, l2: float, shape: tuple[int, int]) -> Hold:
    """Return what holds the rows of ``start``, once that is checked; nothing where there is no start.

    Args:
        start: earlier vectors, checked by :func:`first_model`.
        frozen: [rows] which do not move; None: all do.
        l2: weight of the pull.
        shape: rows and dim.

    Raises:
        DataError: when a mask is of another length, or a frozen row has no start.
    """
    if frozen is not None:
        _check_frozen(frozen, start, shape[0])
    nothing = np.empty((0, shape[1]), np.float32)
    if start is None or (l2 == 0 and (frozen is None or not frozen.any())):
        return Hold(np.empty(0, np.bool_), np.float32(0), nothing, nothing)
    mask = np.zeros(shape[0], np.bool_) if frozen is None else np.ascontiguousarray(frozen)
    before = (start.vectors, start.contexts) if l2 else (nothing, nothing)
    return Hold(mask, np.float32(l2), *(np.ascontiguousarray(table, np.float32) for table in before))


def _known(before: F32, shape: tuple[int, int], name: str) -> Bool:
    """Return [rows] which there were."""
    if before.shape != shape:
        raise DataError(
            f"a start of {name} {before.shape} for a skip-gram of {shape}",
            fix="give a row for each of the walker's, NaN where there was none, and the same dim",
        )
    finite = np.isfinite(before)
    known: Bool = np.all(finite, axis=1)
    bad = np.count_nonzero(~known & (finite.any(axis=1) | np.isinf(before).any(axis=1)))
    if bad:
        raise DataError(
            f"{bad:,} rows of the start's {name} hold infinity, or NaN in a part of the row",
            fix="give finite rows, and rows of NaN alone for nodes that were not there",
        )
    return known


def _check_frozen(frozen: Bool, start: SkipGram | None, rows: int) -> None:
    if frozen.shape != (rows,) or frozen.dtype != np.bool_:
        raise DataError(
            f"a mask of frozen rows of {frozen.dtype} {frozen.shape} for {rows:,} rows",
            fix="give a boolean for each row",
        )
    lacking = int(frozen.sum())
    if start is not None:
        there = ~np.isnan(start.vectors[:, 0]) & ~np.isnan(start.contexts[:, 0])
        lacking = int((frozen & ~there).sum())
    if lacking:
        raise DataError(
            f"{lacking:,} frozen rows have no start of both vector and context",
            fix="freeze rows that the start has, of both tables",
        )
