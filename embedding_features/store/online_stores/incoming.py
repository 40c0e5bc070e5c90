"""The rows of a snapshot on their way into a store: checked before anything of them becomes visible."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.errors import StoreError
from embedding_features.store.moments import STAMP
from embedding_features.store.online_stores.column_types import ColumnTypes
from embedding_features.store.online_stores.layout import NEVER, Layout, Stamp
from embedding_features.store.online_stores.values import is_list, is_text

_AGAIN = "correct the source and materialize again; what was online before stays"


class Incoming:
    """Checks the batches of one snapshot while they are iterated over.

    Iterate once; what is known of the whole is there when that has ended.

    Args:
        rows: how many there must be; None: any number.

    Attributes:
        schema: of the batches, as the view declares the columns (:mod:`.column_types`).

    Raises:
        StoreError: when a column is missing or of a type that cannot be stored; while iterating on nulls,
            NaN, infinity, a wrong dim, several event times, or another number of rows.
    """

    def __init__(
        self, layout: Layout, schema: pa.Schema, batches: Iterable[pa.RecordBatch], rows: int | None = None
    ) -> None:
        self.layout = layout
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
        self._types = ColumnTypes(layout.key, layout.declared, layout.where)
        self.schema = self._types.schema(schema)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for given in self._batches:
            batch = self._types.batch(given, self.schema)
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
        """Return [rows] microseconds: when each row was created, NEVER where the view does not say."""
        return np.concatenate(self._created)

    @property
    def created_alike(self) -> bool:
        """Return whether all rows so far have one created time: then an id that comes twice is an error."""
        return len(self._moments) < 2

    @property
    def stamp(self) -> Stamp:
        """Return the snapshot's event time, and the last created time in it."""
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
    """Check the values of a column.

    Raises:
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


def _micros(times: pa.Array, layout: Layout) -> I64:
    """Return microseconds since 1970; a time without zone is UTC, as Feast has it."""
    if times.null_count:
        raise StoreError(f"{layout.where} has rows without a time", fix="give every row its timestamps")
    if times.type.tz is None:
        times = times.cast(pa.timestamp("us")).cast(STAMP)
    return np.array(times.cast(STAMP).cast(pa.int64()))  # a view would keep the whole batch
