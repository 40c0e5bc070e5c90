"""The rows that each query may find, determined before any score is compared."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from embedding_features.arrays import I64, Bool
from embedding_features.ids import Ids, as_ids
from embedding_features.recall.catalogue import Catalogue
from embedding_features.recall.id_lists import ids_per_query
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.queries import Filter
from embedding_features.recall.row_lists import RowLists


@dataclass(frozen=True)
class Eligible:
    """The rows that queries may find.

    Attributes:
        start: first row of the range that is open to all queries.
        stop: row after the last of that range.
        rows: the rows of the range that are open to all queries, ascending; None for the whole range.
        denied: of those, the rows closed to single queries.
        listed: where a query has an allow list of its own, all that it may find; None where no query has.
    """

    start: int
    stop: int
    rows: I64 | None
    denied: RowLists
    listed: RowLists | None

    @property
    def count(self) -> int:
        """Number of rows open to all queries."""
        return self.stop - self.start if self.rows is None else len(self.rows)

    def mask(self, size: int) -> Bool:
        """Return [size] whether a row is open to all queries."""
        mask = np.zeros(size, np.bool_)
        mask[slice(self.start, self.stop) if self.rows is None else self.rows] = True
        return mask

    def select(self, queries: I64) -> "Eligible":
        """Return the same for some of the queries."""
        listed = None if self.listed is None else self.listed.select(queries)
        return Eligible(self.start, self.stop, self.rows, self.denied.select(queries), listed)


@dataclass(frozen=True)
class _OneFilter:
    """An allow or a deny filter as rows: ``shared`` by all queries, or ``keys`` = query · size + row."""

    shared: I64 | None = None
    keys: I64 | None = None


def find_eligible(catalogue: Catalogue, manifest: IndexManifest, queries: int, wanted: Filter) -> Eligible:
    """Return the rows that a filter leaves to each query.

    Ids that the catalogue lacks are passed over: they cannot be found anyway.

    Args:
        catalogue: the ids of the index.
        manifest: names the partitions.
        queries: number of queries.
        wanted: the filter of all queries.

    Raises:
        DataError: on an unknown partition, ids of another type, nulls, or a wrong number of lists.
    """
    size = len(catalogue)
    start, stop = manifest.span(wanted.partition)
    allow = _find_rows(catalogue, queries, wanted.allow, "allow")
    deny = _find_rows(catalogue, queries, wanted.deny, "deny")
    mask = _mask(size, allow.shared, deny.shared)
    denied = np.empty(0, np.int64) if deny.keys is None else deny.keys
    if wanted.own_rows is not None:
        known = np.flatnonzero(wanted.own_rows >= 0)
        denied = np.concatenate([denied, known * size + wanted.own_rows[known]])

    def lists(keys: I64) -> RowLists:
        """Return a list of rows for each query, of those keys whose row is open to all."""
        rows = keys % size
        is_open = (rows >= start) & (rows < stop)
        return RowLists.of(keys[is_open if mask is None else is_open & mask[rows]], queries, size)

    rows = None if mask is None else np.flatnonzero(mask[start:stop]) + start
    return Eligible(start, stop, rows, lists(denied), None if allow.keys is None else lists(allow.keys))


def _find_rows(
    catalogue: Catalogue, queries: int, ids: Ids | None, name: Literal["allow", "deny"]
) -> _OneFilter:
    """Return the rows of those ids that the catalogue has."""
    if ids is None:
        return _OneFilter()
    kind = catalogue.ids.type
    lists = ids_per_query(ids, queries, kind, name)
    if lists is None:
        rows = catalogue.rows(as_ids(ids, kind, name))
        return _OneFilter(shared=rows[rows >= 0])
    query, flat = lists
    rows = catalogue.rows(flat)
    return _OneFilter(keys=(query * len(catalogue) + rows)[rows >= 0])


def _mask(size: int, allowed: I64 | None, denied: I64 | None) -> Bool | None:
    """Return [size] whether a row is open to all queries by the filters they share; None without any."""
    if allowed is None and denied is None:
        return None
    mask = np.full(size, allowed is None)
    if allowed is not None:
        mask[allowed] = True
    if denied is not None:
        mask[denied] = False
    return mask
