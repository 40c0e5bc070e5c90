"""A generation: one snapshot of a view as immutable files, checked while it is written."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from embedding_features.errors import StoreError
from embedding_features.store.online_snapshot_columns import ColumnFiles, is_text
from embedding_features.store.online_snapshot_index import Index, hashes, write_index
from embedding_features.store.online_snapshot_read import open_column

STAMP = pa.timestamp("us", tz="UTC")
Stamp = tuple[int, int]  # event and created time, microseconds since 1970; created is NEVER where unknown
NEVER = -(2**63)


@dataclass(frozen=True)
class Layout:
    """What the columns of a view are.

    Attributes:
        key: the column of ids.
        features: feature → the length its lists must have, or None.
        where: the view, for errors.
    """

    key: str
    features: Mapping[str, int | None]
    event: str
    created: str | None
    where: str


class GenerationWriter:
    """Writes batches of one snapshot into a folder; :meth:`close` makes it complete."""

    def __init__(self, folder: Path, layout: Layout, schema: pa.Schema) -> None:
        self._folder, self._layout = folder, layout
        wanted = [layout.key, *layout.features, layout.event, *filter(None, [layout.created])]
        missing = [name for name in wanted if name not in schema.names]
        if missing:
            raise StoreError(
                f"{layout.where} gets no column {', '.join(missing)}", fix="name the source's columns"
            )
        kind = schema.field(layout.key).type
        if not is_text(kind) and not pa.types.is_int64(kind):
            raise StoreError(f"{layout.where} has ids of type {kind}", fix="use int64 or string ids")
        self._key = ColumnFiles(folder, "key", kind, None, f"the id of {layout.where}")
        self._columns = {
            name: ColumnFiles(
                folder, f"c{i}", schema.field(name).type, dim, f"feature {name} of {layout.where}"
            )
            for i, (name, dim) in enumerate(layout.features.items())
        }
        self._codes: list[np.ndarray] = []
        self._texts: list[pa.Array] | None = [] if is_text(kind) else None
        self._created: list[np.ndarray] = []
        self._events: set[int] = set()
        self.rows = 0

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows.

        Raises:
            StoreError: on nulls, NaN, infinity, or a wrong dim.
        """
        ids = batch.column(self._layout.key)
        self._key.append(ids)
        for name, column in self._columns.items():
            column.append(batch.column(name))
        self._events.update(np.unique(_micros(batch.column(self._layout.event), self._layout)).tolist())
        created = np.full(len(ids), NEVER)
        if self._layout.created:
            created = _micros(batch.column(self._layout.created), self._layout)
        self._created.append(created)
        if self._texts is None:
            self._codes.append(ids.to_numpy())
        else:
            self._codes.append(hashes(ids.to_numpy(zero_copy_only=False)))
            self._texts.append(ids.cast(pa.large_string()))
        self.rows += len(ids)

    def close(self) -> Stamp:
        """Write the index and the description.

        Returns:
            The snapshot's event time, and the last created time in it.

        Raises:
            StoreError: when the rows are of several moments, or an id is there twice.
        """
        if len(self._events) != 1:
            raise StoreError(
                f"{self._layout.where} gets rows of {len(self._events)} moments",
                fix="give the rows of one snapshot",
            )
        texts = pa.chunked_array(self._texts, pa.large_string()) if self._texts is not None else None
        created = np.concatenate(self._created)
        entities = write_index(self._folder, np.concatenate(self._codes), texts, created)
        stamp = self._events.pop(), int(created.max())
        columns = {name: column.close() for name, column in self._columns.items()}
        described = {"key": self._key.close(), "columns": columns, "stamp": stamp, "entities": entities}
        (self._folder / "generation.json").write_text(json.dumps(described))
        return stamp


def write_batches(writer: GenerationWriter, batches: Iterable[pa.RecordBatch], rows: int | None) -> Stamp:
    """Write all batches; ``rows`` is how many they must hold.

    Raises:
        StoreError: when they hold more or fewer.
    """
    for batch in batches:
        writer.append(batch)
    if rows is not None and writer.rows != rows:
        raise StoreError(
            f"{rows} rows were announced, {writer.rows} came", fix="materialize again when nobody writes"
        )
    return writer.close()


def _micros(times: pa.Array, layout: Layout) -> np.ndarray:
    """Microseconds since 1970; a time without zone is UTC, as Feast has it."""
    if times.null_count:
        raise StoreError(f"{layout.where} has rows without a time", fix="give every row its timestamps")
    if times.type.tz is None:
        times = times.cast(pa.timestamp("us")).cast(STAMP)
    return np.asarray(times.cast(STAMP).cast(pa.int64()))


class Generation:
    """A written generation with all its files open: it stays whole when its folder is removed."""

    def __init__(self, folder: Path) -> None:
        described = json.loads((folder / "generation.json").read_text())
        self.stamp: Stamp = (described["stamp"][0], described["stamp"][1])
        self.entities: int = described["entities"]
        self.index = Index(folder, described["key"])
        self.columns = {
            name: open_column(folder, f"c{i}", spec)
            for i, (name, spec) in enumerate(described["columns"].items())
        }

    def has(self, key: object) -> bool:
        """Whether it has the entity of this id."""
        if isinstance(key, bytes) or isinstance(key, str) != self.index.of_text:
            return False
        ids = np.array([key], object if isinstance(key, str) else np.int64)
        return bool(self.index.find(ids)[0] >= 0)
