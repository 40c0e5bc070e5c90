"""Which rows each query may find, settled before any score is compared."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64, Bool
from embedding_features.errors import DataError
from embedding_features.ids import Ids
from embedding_features.recall.catalogue import Catalogue, as_ids, nested
from embedding_features.recall.row_lists import RowLists


@dataclass(frozen=True)
class Eligible:
    """What queries may find.

    Attributes:
        start, stop: range of rows open to all queries.
        rows: the rows of that range open to all queries, ascending; None for the whole range.
        denied: of those, the rows closed to single queries.
        listed: where a query has an allow list of its own, all it may find; None where no query has.
    """

    start: int
    stop: int
    rows: I64 | None
    denied: RowLists
    listed: RowLists | None

    @property
    def count(self) -> int:
        """Rows open to all queries."""
        return self.stop - self.start if self.rows is None else len(self.rows)

    def mask(self, size: int) -> Bool:
        """[size] whether a row is open to all queries."""
        mask = np.zeros(size, np.bool_)
        mask[slice(self.start, self.stop) if self.rows is None else self.rows] = True
        return mask

    def select(self, queries: I64) -> "Eligible":
        """The same for some of the queries."""
        listed = None if self.listed is None else self.listed.select(queries)
        return Eligible(self.start, self.stop, self.rows, self.denied.select(queries), listed)


def settle(
    catalogue: Catalogue,
    queries: int,
    span: tuple[int, int],
    *,
    allow: Ids | None = None,
    deny: Ids | None = None,
    own: I64 | None = None,
) -> Eligible:
    """Filters as rows. Ids the catalogue lacks are passed over: they cannot be found anyway.

    Args:
        span: first row and row after the last that may be found.
        allow, deny: ids for all queries, or a list of ids for each query.
        own: [queries] row that each query must not find, -1 for none.

    Raises:
        DataError: on ids of another type, nulls, or a wrong number of lists.
    """
    size = len(catalogue)
    start, stop = span
    mask: Bool | None = None
    keys: I64 = np.empty(0, np.int64)
    allowed: I64 | None = None
    if allow is not None:
        if (lists := own_lists(allow, queries, catalogue.ids.type, "allow")) is not None:
            allowed = _keys(catalogue, *lists)
        else:
            mask = np.zeros(size, np.bool_)
            mask[_known(catalogue, allow, "allow")] = True
    if deny is not None:
        if (lists := own_lists(deny, queries, catalogue.ids.type, "deny")) is not None:
            keys = _keys(catalogue, *lists)
        else:
            mask = np.ones(size, np.bool_) if mask is None else mask
            mask[_known(catalogue, deny, "deny")] = False
    if own is not None:
        closed = np.flatnonzero(own >= 0)
        keys = np.concatenate([keys, closed * size + own[closed]])
    rows = None if mask is None else np.flatnonzero(mask[start:stop]) + start
    denied = RowLists.of(_open(keys, size, start, stop, mask), queries, size)
    if allowed is None:
        return Eligible(start, stop, rows, denied, None)
    listed = RowLists.of(_open(allowed, size, start, stop, mask), queries, size)
    return Eligible(start, stop, rows, denied, listed)


def _open(keys: I64, size: int, start: int, stop: int, mask: Bool | None) -> I64:
    """Those of ``keys`` whose row is open to all queries."""
    rows = keys % size
    inside = (rows >= start) & (rows < stop)
    return keys[inside if mask is None else inside & mask[rows]]


def _known(catalogue: Catalogue, ids: Ids, what: str) -> I64:
    """Rows of those of ``ids`` that the catalogue has."""
    rows = catalogue.rows(as_ids(ids, catalogue.ids.type, what))
    return rows[rows >= 0]


def own_lists(
    ids: Ids, queries: int, kind: pa.DataType, what: Literal["allow", "deny"]
) -> tuple[I64, pa.Array] | None:
    """[x] query, ascending, and [x] id of every entry where ``ids`` are a list for each query, else None.

    Raises:
        DataError: on ids of another type than ``kind``, nulls, or a wrong number of lists.
    """
    lists = nested(ids, queries)
    if lists is None:
        return None
    if what == "allow" and lists.null_count:
        raise DataError(
            f"allow: {lists.null_count} null lists", fix="use an empty list where nothing is allowed"
        )
    if len(lists) != queries:
        raise DataError(f"{what}: {len(lists)} lists for {queries} queries", fix="give each query one")
    query = np.asarray(pc.list_parent_indices(lists), np.int64)
    return query, as_ids(pc.list_flatten(lists), kind, what)


def _keys(catalogue: Catalogue, query: I64, ids: pa.Array) -> I64:
    """query · size + row of every id that the catalogue has."""
    rows = catalogue.rows(ids)
    return (query * len(catalogue) + rows)[rows >= 0]
