"""The ids of an index: their order, and the row of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.ids import Ids, RowsById, flat_ids


@dataclass(frozen=True)
class Catalogue:
    """Maps ids to rows and back; rows are ordered by partition, then by id, so a partition is a range.

    Attributes:
        ids: [n] Arrow int64 or string, distinct.
    """

    ids: pa.Array

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, ids: pa.Array) -> I64:
        """Return [m] rows of ``ids`` (of the catalogue's type, none null), -1 for unknown ones."""
        return self._rows_by_id.find(ids)

    def take(self, rows: I64) -> pa.Array:
        """Return the ids of ``rows``, null for -1."""
        return self.ids.take(pa.array(rows, mask=rows < 0))

    @cached_property
    def _rows_by_id(self) -> RowsById:
        return RowsById(self.ids)


def arrange(
    ids: pa.Array, domains: Mapping[Any, str] | Ids | None
) -> tuple[I64, Mapping[str, tuple[int, int]]]:
    """Return the order of a catalogue.

    Args:
        ids: [n] all ids.
        domains: id → name of its partition (further ids do no harm), or [n] names in the order of ``ids``;
            None for an index without partitions.

    Returns:
        [n] position in ``ids`` of each row, and partition → its first row and the row after its last.

    Raises:
        DataError: when an id has no partition.
    """
    if domains is None:
        return np.asarray(pc.sort_indices(ids), np.int64), {}
    if isinstance(domains, Mapping):
        names = pa.array([domains.get(i) for i in ids.to_pylist()])
    else:
        names = flat_ids(domains)
    if len(names) != len(ids):
        raise DataError(f"{len(names)} partitions for {len(ids)} ids", fix="give each id one")
    if names.null_count:
        first = ids[pc.index(names.is_null(), True).as_py()]
        raise DataError(
            f"{names.null_count} ids without a partition, the first {first.as_py()!r}", fix="give each id one"
        )
    if not (pa.types.is_string(names.type) or pa.types.is_large_string(names.type)):
        raise DataError(f"partitions are {names.type}, not text", fix="name them by strings")
    table = pa.table({"name": names.cast(pa.string()), "id": ids})
    order = pc.sort_indices(table, sort_keys=[("name", "ascending"), ("id", "ascending")])
    encoded = names.cast(pa.string()).take(order).dictionary_encode()
    ends = np.cumsum(np.bincount(encoded.indices.to_numpy()))
    starts = np.concatenate([[0], ends[:-1]])
    spans = zip(encoded.dictionary.to_pylist(), starts, ends, strict=True)
    return np.asarray(order, np.int64), {name: (int(a), int(b)) for name, a, b in spans}
