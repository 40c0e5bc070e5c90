"""The rows of a snapshot on their way into a store: checked before anything of them becomes visible."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.errors import StoreError
from embedding_features.store.online_stores.layout import NEVER, Layout, Stamp
from embedding_features.store.online_stores.values import is_list, is_text

_MICROS = pa.timestamp("us", tz="UTC")
_AGAIN = "correct the source and materialize again; what was online before stays"


class Incoming:
    """Batches of one snapshot. Iterate once; what is known of the whole is there when that has ended.

    Args:
        rows: how many there must be; None: any number.

    Raises:
        StoreError: when a column is missing or of a type that cannot be stored; while iterating on nulls,
            NaN, infinity, a wrong dim, several event times, or another number of rows.
    """

    def __init__(
        self, layout: Layout, schema: pa.Schema, batches: Iterable[pa.RecordBatch], rows: int | None = None
    ) -> None:
        self.layout, self.schema = layout, schema
        self._batches, self._announced, self.rows = batches, rows, 0
        self._events: set[int] = set()
        self._created: list[I64] = []
        self._moments: set[int] = set()
        wanted = [layout.key, *layout.features, layout.event, *filter(None, [layout.created])]
        missing = [name for name in wanted if name not in schema.names]
        if missing:
            raise StoreError(
                f"{layout.where} gets no column {', '.join(missing)}", fix="name the source's columns"
            )
        kind = schema.field(layout.key).type
        if not is_text(kind) and not pa.types.is_int64(kind):
            raise StoreError(f"{layout.where} has ids of type {kind}", fix="use int64 or string ids")

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self._check(batch)
            yield batch
        if self._announced is not None and self.rows != self._announced:
            raise StoreError(
                f"{self._announced} rows were announced, {self.rows} came",
                fix="materialize again when nobody writes",
            )
        if len(self._events) != 1:
            raise StoreError(
                f"{self.layout.where} gets rows of {len(self._events)} moments",
                fix="give the rows of one snapshot",
            )

    @property
    def created(self) -> I64:
        """[rows] microseconds, NEVER where the view has no created time."""
        return np.concatenate(self._created)

    @property
    def created_alike(self) -> bool:
        """Whether all rows so far have one created time: then an id that is there twice is an error."""
        return len(self._moments) < 2

    @property
    def stamp(self) -> Stamp:
        """The snapshot's event time, and the last created time in it."""
        return next(iter(self._events)), int(self.created.max())

    def _check(self, batch: pa.RecordBatch) -> None:
        layout = self.layout
        check_values(batch.column(layout.key), None, f"the id of {layout.where}")
        for name, dim in layout.features.items():
            check_values(batch.column(name), dim, f"feature {name} of {layout.where}")
        self._events.update(np.unique(_micros(batch.column(layout.event), layout)).tolist())
        created = np.full(len(batch), NEVER, np.int64)
        if layout.created:
            created = _micros(batch.column(layout.created), layout)
        self._created.append(created)
        self._moments.update((int(created.min()), int(created.max())) if len(created) else ())
        self.rows += len(batch)


def check_values(values: pa.Array, dim: int | None, where: str) -> None:
    """Raises:
    StoreError: on nulls, NaN or infinity at any depth, or a list of another length than ``dim``.
    """
    if values.null_count:
        raise StoreError(f"{where} has nulls", fix=_AGAIN)
    if is_list(values.type):
        if dim is not None and not pc.all(pc.equal(pc.list_value_length(values), dim)).as_py():
            raise StoreError(f"{where} has other lengths than its dim {dim}", fix=_AGAIN)
        check_values(values.flatten(), None, where)
    elif pa.types.is_floating(values.type):
        if not np.isfinite(values.to_numpy(zero_copy_only=False)).all():
            raise StoreError(f"{where} has NaN or infinity", fix=_AGAIN)
    elif not (pa.types.is_integer(values.type) or is_text(values.type)):
        raise StoreError(f"{where} is {values.type}", fix="store numbers, strings, or lists of either")


def last_by_id(codes: np.ndarray, texts: pa.ChunkedArray | None, created: I64) -> I64:
    """The row of each distinct id, ascending by code; of rows with one id the last created.

    Args:
        codes: [n] int64 ids, or uint64 hashes of ``texts``.
        created: [n] int64 microseconds.

    Raises:
        StoreError: when two rows of an id have the same created timestamp: which is right, nobody knows.
    """
    names = np.zeros(len(codes), np.int64)
    if texts is not None:
        order = np.argsort(codes, kind="stable")
        twin = np.flatnonzero(np.diff(codes[order]) == 0)
        touched = np.unique(np.concatenate([order[twin], order[twin + 1]]))
        encoded = pa.array(texts.take(pa.array(touched)).to_pylist(), pa.large_string()).dictionary_encode()
        names[touched] = encoded.indices.to_numpy(zero_copy_only=False)
    shown = pa.chunked_array([pa.array(codes)]) if texts is None else texts
    return last_of_each(codes, names, created, shown)


def hashes(texts: np.ndarray) -> np.ndarray:
    """SipHash of each string [n] object → [n] uint64."""
    return pd.util.hash_array(texts, categorize=False) if len(texts) else np.zeros(0, np.uint64)


def last_of_each(codes: np.ndarray, names: np.ndarray, created: I64, shown: pa.ChunkedArray) -> I64:
    """The row of each distinct id, ascending by code, then name; of rows with one id the last created.

    Args:
        codes: [n] int64 ids, or hashes of strings.
        names: [n] int64, equal for equal ids among those of one code.
        shown: [n] the ids themselves, for errors.

    Raises:
        StoreError: when two rows of an id have the same created timestamp: which is right, nobody knows.
    """
    order = np.lexsort((created, names, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(names[order]) == 0)
    twins = np.flatnonzero(same & (np.diff(created[order]) == 0))
    if len(twins):
        raise StoreError(
            f"id {shown[int(order[twins[0]])].as_py()!r} is there twice, created at the same time",
            fix="keep one row of each id, or give the rows a created timestamp",
        )
    return order[np.append(~same, True)] if len(order) else order


def _micros(times: pa.Array, layout: Layout) -> I64:
    """Microseconds since 1970; a time without zone is UTC, as Feast has it."""
    if times.null_count:
        raise StoreError(f"{layout.where} has rows without a time", fix="give every row its timestamps")
    if times.type.tz is None:
        times = times.cast(pa.timestamp("us")).cast(_MICROS)
    return np.array(times.cast(_MICROS).cast(pa.int64()))  # a view would keep the whole batch
