"""Filters that give each query a list of ids of its own."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.ids import Ids, as_ids, flat_ids


def ids_per_query(
    ids: Ids, queries: int, kind: pa.DataType, name: Literal["allow", "deny"]
) -> tuple[I64, pa.Array] | None:
    """Return the entries of a filter that has a list for each query.

    Args:
        ids: a list of ids for each query, or ids for all queries.
        queries: number of queries.
        kind: type of the index's ids.
        name: which filter it is, for errors.

    Returns:
        [x] query, ascending, and [x] id of every entry; None where ``ids`` are for all queries.

    Raises:
        DataError: on ids of another type than ``kind``, nulls, or a wrong number of lists.
    """
    lists = _as_lists(ids, queries)
    if lists is None:
        return None
    if name == "allow" and lists.null_count:
        raise DataError(
            f"allow: {lists.null_count} null lists", fix="use an empty list where nothing is allowed"
        )
    if len(lists) != queries:
        raise DataError(f"{name}: {len(lists)} lists for {queries} queries", fix="give each query one")
    query = np.asarray(pc.list_parent_indices(lists), np.int64)
    return query, as_ids(pc.list_flatten(lists), kind, name)


def _as_lists(values: Ids, queries: int) -> pa.Array | None:
    """Return ``values`` as an Arrow list array where they are a list for each query, else None.

    As many nulls as there are queries, and nothing else, are lists that nobody has: users without a history.
    """
    array = flat_ids(values)
    if pa.types.is_null(array.type) and len(array) == queries > 0:
        return array.cast(pa.list_(pa.null()))
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return array if any(is_kind(array.type) for is_kind in kinds) else None
