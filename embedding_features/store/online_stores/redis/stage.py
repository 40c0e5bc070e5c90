"""A snapshot on its way into Redis: checked, packed and sent, batch after batch, to a key of its own."""

import tempfile
from collections.abc import Iterator
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.store.online_stores.duplicates import hashes, last_by_id
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.redis.encode import (
    PackedColumn,
    columns_of,
    commands,
    encode,
    field_names,
)
from embedding_features.store.online_stores.redis.server import Buffer
from embedding_features.store.online_stores.redis.wire import Header
from embedding_features.store.online_stores.values import is_text

_ROWS = 4096  # packed at once: small enough to stay in the cache
_BYTES = 1 << 18  # of a command: what Redis does without looking at anybody else


class Stage:
    """Makes the commands that write a snapshot.

    Iterate over :meth:`commands` to the end, then ask for the header.

    Of two rows with one id the last created wins, wherever it comes. While all rows were created at one time
    two of an id are an error, and rows are sent as they come. Once they differ, rows wait in a file until all
    are known.
    """

    def __init__(self, incoming: Incoming, run: str, key: bytes) -> None:
        self._incoming, self._run, self._key = incoming, run, key
        self._columns = columns_of(incoming.schema, incoming.layout.features)
        self._id = incoming.layout.key
        self._text = is_text(incoming.schema.field(self._id).type)
        self._ids: list[pa.Array] = []
        self._widths: dict[str, set[int]] = {column.name: set() for column in self._columns if _loose(column)}

    def commands(self) -> Iterator[list[Buffer]]:
        """Return what to send to Redis, as its protocol has it.

        Raises:
            StoreError: when the rows break a rule of :class:`~..incoming.Incoming`, or an id is there twice.
        """
        with tempfile.TemporaryFile() as file:
            start, waiting = -1, None
            for batch in self._incoming:
                self._note(batch)
                if waiting is None and not self._incoming.created_alike:
                    start, waiting = self._incoming.rows - len(batch), pa.ipc.new_stream(file, batch.schema)
                if waiting is None:
                    yield from self._send(batch)
                else:
                    waiting.write_batch(batch)
            if waiting is not None:
                waiting.close()
                yield from self._waited(file, start)

    def _note(self, batch: pa.RecordBatch) -> None:
        ids = batch.column(self._id)
        # copies: a view would keep the whole batch
        own = pa.concat_arrays([ids.cast(pa.large_string())]) if self._text else pa.array(np.array(ids))
        self._ids.append(own)
        for name, seen in self._widths.items():
            seen.update(pc.min_max(pc.list_value_length(batch.column(name))).as_py().values())

    def _waited(self, file: IO[bytes], start: int) -> Iterator[list[Buffer]]:
        keep = np.zeros(self._incoming.rows, bool)
        keep[self._last()] = True
        file.seek(0)
        for batch in pa.ipc.open_stream(file):
            yield from self._send(batch.filter(pa.array(keep[start : start + len(batch)])))
            start += len(batch)

    def _send(self, batch: pa.RecordBatch) -> Iterator[list[Buffer]]:
        for start in range(0, len(batch), _ROWS):
            part = batch.slice(start, _ROWS)
            rows = encode(part, self._columns)
            each = max(1, min(_ROWS, _BYTES * len(part) // max(1, rows.nbytes)))
            yield from commands(self._key, field_names(part.column(self._id)), rows, each)

    def _last(self) -> np.ndarray:
        """Return the row of each distinct id."""
        ids = pa.chunked_array(self._ids)
        codes = hashes(ids.to_numpy()) if self._text else ids.to_numpy()
        return last_by_id(codes, ids if self._text else None, self._incoming.created)

    def header(self, written: int) -> Header:
        """Return the header of the snapshot, when Redis counts ``written`` rows.

        Raises:
            StoreError: when an id is there twice, created at the same time.
        """
        entities = written
        if written != self._incoming.rows:
            entities = len(self._last())
        widths = {name: seen.copy().pop() for name, seen in self._widths.items() if len(seen) == 1}
        return Header(self._incoming.stamp, self._run, entities, self._text, self._columns, widths)


def _loose(column: PackedColumn) -> bool:
    """Return whether a column holds lists of numbers whose length is known only in the end."""
    return column.many and column.size is None and column.item != "text"
