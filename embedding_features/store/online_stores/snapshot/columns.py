"""Writes the columns of a generation: raw files of numbers, and a description of what lies in them.

No file has a header: it would have to be parsed wherever the file is opened, and numpy's own parser fails
when two threads of CPython 3.11 use it at once.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.store.online_stores.values import is_list, is_text

#: a file's dtype, as numpy writes it, and how many values it has
Described = tuple[str, int]
#: what :func:`.read_columns.open_column` needs: ``values`` is Described; a list has ``item``, a Spec, and
#: ``width``, the length of all lists or None; a text has ``bytes``, Described
Spec = dict[str, Any]


class ArrayFile:
    """Writes a file of numbers that grows by appending.

    Args:
        files: what closes it.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], files: ExitStack) -> None:
        self._dtype, self._count = dtype.newbyteorder("<"), 0
        self._file = files.enter_context(path.open("wb", buffering=0))

    def append(self, values: np.ndarray) -> None:
        """Add values, converted to the file's type."""
        left = np.ascontiguousarray(values, self._dtype).view(np.uint8).data if len(values) else b""
        while len(left):  # a write may stop short of a full disk, and says so only at the next
            left = left[self._file.write(left) :]
        self._count += len(values)

    @property
    def described(self) -> Described:
        """Return what :func:`.read_columns.map_array` needs."""
        return self._dtype.str, self._count


class ColumnFiles:
    """Writes one column: numbers, strings, or lists of either.

    A list adds a file of where each ends to those of its values; a string is a list of bytes.

    Args:
        files: what closes them.
    """

    def __init__(self, folder: Path, stem: str, kind: pa.DataType, files: ExitStack) -> None:
        self._kind, self._width, self._ragged, self._end = kind, -1, False, 0
        self._child: ColumnFiles | None = None
        dtype = np.dtype(np.int64)
        if is_list(kind):
            self._child = ColumnFiles(folder, f"{stem}.item", kind.value_type, files)
        elif is_text(kind):
            self._bytes = ArrayFile(folder / f"{stem}.bytes", np.dtype(np.uint8), files)
        else:
            dtype = np.dtype(kind.to_pandas_dtype())
        self._main = ArrayFile(folder / stem, dtype, files)

    def append(self, values: pa.Array) -> None:
        """Add values that were checked: without null, of a type that can be stored."""
        if self._child is None and not is_text(self._kind):
            self._main.append(values.to_numpy(zero_copy_only=False))
            return
        sizes = pc.list_value_length(values) if self._child else pc.binary_length(values)
        self._lengths(sizes.to_numpy(zero_copy_only=False))
        if self._child:
            self._child.append(values.flatten())
        elif len(values):
            flat = values.cast(pa.large_binary())
            offsets, data = np.frombuffer(flat.buffers()[1], np.int64), flat.buffers()[2]
            start, stop = offsets[flat.offset], offsets[flat.offset + len(flat)]
            self._bytes.append(np.frombuffer(data or b"", np.uint8)[start:stop])

    def _lengths(self, lengths: np.ndarray) -> None:
        if len(lengths) == 0:
            return
        self._width = int(lengths[0]) if self._width < 0 else self._width
        self._ragged |= bool((lengths != self._width).any())
        self._main.append(np.cumsum(lengths, dtype=np.int64) + self._end)
        self._end += int(lengths.sum())

    def spec(self) -> Spec:
        """Return what :func:`.read_columns.open_column` needs."""
        spec: Spec = {"values": self._main.described}
        if self._child:
            width = None if self._ragged else max(self._width, 0)
            return spec | {"item": self._child.spec(), "width": width}
        return spec | {"bytes": self._bytes.described} if is_text(self._kind) else spec
