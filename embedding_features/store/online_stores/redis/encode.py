"""Rows of a snapshot as bytes (:mod:`.wire`), made column by column from Arrow's buffers.

A row is its columns one after the other, and a byte 0. Numbers, and lists of numbers whose length the view or
the source declares, come first: they lie at the same place in every row. Of the others each has its length in
bytes before it (uint32, little-endian); in a list of strings, each string has too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.values import is_list, is_text

_BINARY = pa.large_binary()
TEXT = "text"


@dataclass(frozen=True)
class PackedColumn:
    """Says how a column is packed.

    Attributes:
        item: numpy's name of the type of its numbers, or ``text``.
        many: whether it holds lists.
        width: the length of every list, where that was known before the first row.
    """

    name: str
    item: str
    many: bool
    width: int | None

    @property
    def size(self) -> int | None:
        """Return the bytes of each row; None where rows differ."""
        if self.item == TEXT or (self.many and self.width is None):
            return None
        return np.dtype(self.item).itemsize * (self.width or 0 if self.many else 1)


def columns_of(schema: pa.Schema, features: Mapping[str, int | None]) -> list[PackedColumn]:
    """Return how the features of a snapshot are packed, those of one size first.

    Raises:
        StoreError: when a column is of a type that cannot be stored.
    """
    columns = [_column(schema.field(name), dim) for name, dim in features.items()]
    return sorted(columns, key=lambda column: column.size is None)


def _column(field: pa.Field, dim: int | None) -> PackedColumn:
    kind, many = field.type, is_list(field.type)
    item = kind.value_type if many else kind
    if many and dim is None and pa.types.is_fixed_size_list(kind):
        dim = kind.list_size
    if is_text(item):
        return PackedColumn(field.name, TEXT, many, None)
    if pa.types.is_integer(item) or pa.types.is_floating(item):
        return PackedColumn(field.name, np.dtype(item.to_pandas_dtype()).str, many, dim if many else None)
    raise StoreError(f"column {field.name} is {kind}", fix="store numbers, strings, or lists of either")


def encode(batch: pa.RecordBatch, columns: list[PackedColumn]) -> pa.Array:
    """Return the rows of a batch that was checked, as large_binary [n]."""
    pieces: list[pa.Array | pa.Scalar] = []
    for column in columns:
        cells = _cells(batch.column(column.name), column)
        pieces += [cells] if column.size is not None else [_lengths(cells), cells]
    return joined(*pieces, b"\0")


def field_names(ids: pa.Array) -> pa.Array:
    """Return ids [n] as the names of fields, large_binary."""
    if is_text(ids.type):
        return joined(b"s", ids.cast(_BINARY))
    return joined(b"i", _fixed(ids.to_numpy().astype("<i8")))


def joined(*pieces: pa.Array | pa.Scalar | bytes) -> pa.Array:
    """Return the bytes of each row put one after the other; bytes alone are the same in every row."""
    arrays = [pa.scalar(piece, _BINARY) if isinstance(piece, bytes) else piece for piece in pieces]
    return pc.binary_join_element_wise(*arrays, pa.scalar(b"", _BINARY))


def commands(key: bytes, names: pa.Array, rows: pa.Array, each: int) -> Iterator[list[bytes | memoryview]]:
    """Return ``HSET key name row …`` of up to ``each`` rows, as Redis's protocol has it."""
    wire = joined(b"$", _digits(names), b"\r\n", names, b"\r\n$", _digits(rows), b"\r\n", rows, b"\r\n")
    offsets, data = np.frombuffer(wire.buffers()[1], np.int64), memoryview(wire.buffers()[2])
    for start in range(0, len(wire), each):
        stop = min(start + each, len(wire))
        head = b"*%d\r\n$4\r\nHSET\r\n$%d\r\n%s\r\n" % (2 + 2 * (stop - start), len(key), key)
        yield [head, data[offsets[start] : offsets[stop]]]


def _cells(values: pa.Array, column: PackedColumn) -> pa.Array:
    """Return each row's bytes of a column."""
    if not column.many:
        return values.cast(_BINARY) if column.item == TEXT else _fixed(values.to_numpy(zero_copy_only=False))
    lengths = pc.list_value_length(values).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    items = values.flatten()
    if column.item != TEXT:
        numbers = np.ascontiguousarray(items.to_numpy(zero_copy_only=False))
        return _spans(ends * numbers.itemsize, numbers)
    texts = items.cast(_BINARY)
    sized = joined(_lengths(texts), texts)
    if not len(sized):
        return _spans(ends, np.zeros(0, np.uint8))
    offsets = np.frombuffer(sized.buffers()[1], np.int64)[sized.offset : sized.offset + len(sized) + 1]
    return pa.Array.from_buffers(
        _BINARY, len(values), [None, pa.py_buffer(offsets[ends]), sized.buffers()[2]]
    )


def _lengths(cells: pa.Array) -> pa.Array:
    """Return the length of each cell as uint32."""
    return _fixed(pc.binary_length(cells).to_numpy(zero_copy_only=False).astype("<u4"))


def _digits(cells: pa.Array) -> pa.Array:
    """Return the length of each cell as decimal digits."""
    return pc.binary_length(cells).cast(pa.large_string()).cast(_BINARY)


def _fixed(numbers: np.ndarray) -> pa.Array:
    """Return the bytes of each number."""
    return _spans(
        np.arange(len(numbers) + 1, dtype=np.int64) * numbers.itemsize, np.ascontiguousarray(numbers)
    )


def _spans(offsets: np.ndarray, data: np.ndarray) -> pa.Array:
    """Return [n] binary values between [n + 1] offsets of one buffer."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(_BINARY, len(offsets) - 1, buffers)
