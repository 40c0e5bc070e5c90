"""Columns of a generation: flat .npy files, streamed to disk, read by memory map."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.lib.format as npy
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.store.online_stores.values import is_list, is_text

_HEADER = {"fortran_order": False}
Spec = dict[str, Any]


def map_array(path: Path) -> np.ndarray:
    """A .npy file as a read-only map; one without elements cannot be mapped, and is read."""
    shape = np.load(path, mmap_mode=None).shape if path.stat().st_size <= 128 else None
    return np.load(path) if shape == (0,) else np.asarray(np.load(path, mmap_mode="r"))


class ArrayFile:
    """A one-dimensional .npy file that grows by appending; its header is completed at the end."""

    def __init__(self, path: Path, dtype: np.dtype[Any]) -> None:
        self.dtype, self.count = dtype, 0
        self._file = path.open("wb")
        self._header()

    def _header(self) -> None:
        # numpy leaves room for a longer first axis, so the header keeps its length
        npy.write_array_header_1_0(
            self._file, {**_HEADER, "descr": npy.dtype_to_descr(self.dtype), "shape": (self.count,)}
        )

    def append(self, values: np.ndarray) -> None:
        """Add values, converted to the file's type."""
        self._file.write(np.ascontiguousarray(values, self.dtype).data)
        self.count += len(values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.seek(0)
        self._header()
        self._file.close()


class ColumnFiles:
    """Writer of one column: numbers, strings, or lists of either.

    A list adds a file of lengths to those of its values; a string is a list of bytes.
    """

    def __init__(self, folder: Path, stem: str, kind: pa.DataType) -> None:
        self._kind, self._width, self._ragged, self._end = kind, -1, False, 0
        self._child: ColumnFiles | None = None
        dtype = np.dtype(np.int64)
        if is_list(kind):
            self._child = ColumnFiles(folder, f"{stem}.item", kind.value_type)
        elif is_text(kind):
            self._bytes = ArrayFile(folder / f"{stem}.bytes.npy", np.dtype(np.uint8))
        else:
            dtype = np.dtype(kind.to_pandas_dtype())
        self._main = ArrayFile(folder / f"{stem}.npy", dtype)

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
        self._main.append(np.cumsum(lengths) + self._end)
        self._end += int(lengths.sum())

    def close(self) -> Spec:
        """Complete the files; returns what :func:`.read.open_column` needs."""
        self._main.__exit__(None, None, None)
        if self._child:
            width = None if self._ragged else max(self._width, 0)
            return {"list": self._child.close(), "width": width}
        if is_text(self._kind):
            self._bytes.__exit__(None, None, None)
            return {"text": str(self._kind)}
        return {"number": str(self._kind)}
