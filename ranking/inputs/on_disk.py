"""Inputs as a folder of flat arrays: written part by part, opened by memory maps.

::

    inputs.json            format, fields without their arrays, and each array's type and shape
    label.bin              beside it group.bin and domain.bin where there are such
    <field>.<array>.bin    the array's values, row by row, little-endian; fields count from 0
"""

from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self

import numpy as np

from embedding_features.arrays import AnyArray
from embedding_features.config import Config, load_config
from embedding_features.errors import DataError
from embedding_features.files import write_atomic
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Field, Inputs, arrays_of
from ranking.inputs.vector_rows import VectorStore

_RECORD = "inputs.json"
_FIELDS: dict[str, type[Field]] = {c.__name__: c for c in (Number, Category, Bag, Vector, History)}


class _Array(Config):
    dtype: Literal["<f4", "<i4", "<i8"]
    shape: tuple[int, ...]


class _FieldRecord(Config):
    kind: str
    attributes: dict[str, str | int | bool | None]
    arrays: tuple[str, ...]


class _Record(Config):
    """Holds what ``inputs.json`` says."""

    format: Literal[1] = 1
    fields: tuple[_FieldRecord, ...]
    arrays: dict[str, _Array]


class InputsWriter:
    """Appends inputs to a folder, which can be opened once the ``with`` block ended well.

    It keeps one part in memory, and 16 bytes a distinct pretrained vector: tables are merged, so that
    a vector that is in many parts is stored once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._layout: tuple[tuple[Any, ...], ...] | None = None
        self._fields: tuple[_FieldRecord, ...] = ()
        self._arrays: dict[str, _Array] = {}
        self._files: dict[str, BinaryIO] = {}
        self._stores: dict[int, VectorStore] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def append(self, inputs: Inputs) -> None:
        """Write more rows after those before.

        Raises:
            DataError: when they are not laid out as those before.
        """
        if self._layout is None:
            self._layout = inputs.layout()
            self._fields = tuple(_record(field) for field in inputs.fields)
        if inputs.layout() != self._layout:
            raise DataError("the parts of the inputs have different fields", fix="encode all by one spec")
        for name, array in _arrays_beside_fields(inputs).items():
            self._write(name, array)
        for number, field in enumerate(inputs.fields):
            for name, array in self._merged(number, field).items():
                self._write(f"{number}.{name}", array)

    def _merged(self, number: int, field: Field) -> dict[str, AnyArray]:
        """Return a field's arrays to append: rows of the table of all parts, and what is new in it."""
        arrays = arrays_of(field)
        if isinstance(field, Vector | History):
            begins = number not in self._stores
            store = self._stores.setdefault(number, VectorStore())
            arrays["rows"], vectors = store.add(field.rows, field.table)
            arrays["table"] = np.concatenate([field.table[:1], vectors]) if begins else vectors
        return arrays

    def _write(self, name: str, array: AnyArray) -> None:
        values = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        rows = self._arrays[name].shape[0] if name in self._arrays else 0
        self._arrays[name] = _Array(dtype=values.dtype.str, shape=(rows + len(values), *values.shape[1:]))
        if name not in self._files:
            self._files[name] = (self._folder / f"{name}.bin").open("wb")
        self._files[name].write(values.data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        if kind is None:
            record = _Record(fields=self._fields, arrays=self._arrays)
            write_atomic(self._folder / _RECORD, record.model_dump_json(indent=1).encode())


def open_inputs(folder: Path) -> Inputs:
    """Open the inputs that :class:`InputsWriter` wrote as arrays over the files, which a write never reaches.

    Raises:
        ConfigError: when ``inputs.json`` is missing, as after a kill, or not valid.
        DataError: when a file is missing or not of the size it should be.
    """
    record = load_config(folder / _RECORD, _Record)
    arrays = {name: _open_array(folder / f"{name}.bin", array) for name, array in record.arrays.items()}
    fields: list[Field] = []
    for number, field in enumerate(record.fields):
        if field.kind not in _FIELDS or not {f"{number}.{name}" for name in field.arrays} <= arrays.keys():
            raise DataError(f"{folder / _RECORD}: no field can be made of {field}", fix="write it again")
        made: Any = _FIELDS[field.kind]
        values = {name: arrays[f"{number}.{name}"] for name in field.arrays}
        fields.append(made(**field.attributes, **values))
    beside = {name: arrays.get(name) for name in ("group", "domain")}
    return Inputs(arrays["label"], tuple(fields), **beside)


def _arrays_beside_fields(inputs: Inputs) -> dict[str, AnyArray]:
    found = {"label": inputs.label, "group": inputs.group, "domain": inputs.domain}
    return {name: array for name, array in found.items() if array is not None}


def _record(field: Field) -> _FieldRecord:
    arrays = tuple(arrays_of(field))
    attributes = {name: value for name, value in vars(field).items() if name not in arrays}
    return _FieldRecord(kind=type(field).__name__, attributes=attributes, arrays=arrays)


def _open_array(path: Path, array: _Array) -> AnyArray:
    dtype, size = np.dtype(array.dtype), int(np.prod(array.shape))
    if not path.is_file() or path.stat().st_size != size * dtype.itemsize:
        raise DataError(f"{path} is missing or not of {size * dtype.itemsize} bytes", fix="write it again")
    if size == 0:
        return np.zeros(array.shape, dtype)
    # copy on write: torch takes no array that cannot be written to, and the file never changes
    return np.asarray(np.memmap(path, dtype, mode="c", shape=array.shape))
