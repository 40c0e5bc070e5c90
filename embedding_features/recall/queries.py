"""The questions and answers of a search: queries, filters and hits."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64
from embedding_features.artifact import Metric, Space, check_space
from embedding_features.errors import CompatibilityError, DataError
from embedding_features.ids import Ids


@dataclass(frozen=True)
class Queries:
    """Vectors that know their space, so that an index of another space refuses them.

    Attributes:
        space: of the snapshot the vectors are from.
        vectors: [q, dim] float32.
    """

    space: Space
    vectors: F32


@dataclass(frozen=True)
class Filter:
    """Limits what the queries of one search may find.

    Attributes:
        allow: the only ids that may be found: flat for all queries, or a list of ids for each query.
        deny: ids that must not be found, likewise.
        partition: the only partition to search; None for all.
        own_rows: [q] row that each query is itself and must not find, -1 for none; None lets all be found.
    """

    allow: Ids | None = None
    deny: Ids | None = None
    partition: str | None = None
    own_rows: I64 | None = None


@dataclass(frozen=True)
class Hits:
    """The best k of each of q queries: by score downwards, equal scores by partition, then id, upwards.

    A score is the dot product, the cosine, or under l2 minus the squared distance. Where a query has fewer
    than k to find, the last places are null, -1 and -inf.

    Attributes:
        ids: [q · k] Arrow ids, query by query.
        rows: [q, k] int64 rows of the index.
        scores: [q, k] float32.
    """

    ids: pa.Array
    rows: I64
    scores: F32

    def lists(self) -> pa.ListArray:
        """Return [q] lists of ids, shorter than k where there are fewer."""
        is_hit = self.rows.reshape(-1) >= 0
        offsets = np.concatenate([[0], np.cumsum((self.rows >= 0).sum(axis=1))])
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), self.ids.filter(pa.array(is_hit)))


def as_compared(vectors: F32, metric: Metric) -> F32:
    """[n, dim] contiguous vectors as the metric sees them: under cosine of length 1, zero ones left zero."""
    if metric == "cosine":
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = np.divide(vectors, norms, out=np.zeros(vectors.shape, np.float32), where=norms > 0)
    return np.ascontiguousarray(vectors)


def prepare_queries(queries: F32 | Queries, space: Space) -> F32:
    """Check query vectors and return them as the space's metric compares them.

    Raises:
        CompatibilityError: when they are of another space or dimension.
        DataError: when they are no [q, dim] floats, or hold NaN or infinity.
    """
    if isinstance(queries, Queries):
        check_space(space, queries.space)
        queries = queries.vectors
    vectors = np.asarray(queries)
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise DataError(f"queries are {vectors.shape} of {vectors.dtype}", fix="give [q, dim] float32")
    if vectors.shape[1] != space.dim:
        raise CompatibilityError(
            f"queries have dim {vectors.shape[1]}, the index is of {space}",
            fix="use vectors of the snapshot's own space",
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise DataError(f"{len(bad)} queries hold NaN or infinity, the first is number {bad[0]}")
    return as_compared(vectors.astype(np.float32, copy=False), space.metric)
