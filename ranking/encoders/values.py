"""Values that can have codes: their kinds, each in one Arrow type, and their hashes."""

from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.arrow import mask
from embedding_features.errors import DataError
from embedding_features.hashes import GOLDEN, splitmix64

#: what values compare with: 5 is neither "5" nor 5.0. ``nothing`` is a column without a type, all null
ValueKind = Literal["integer", "truth", "string", "number", "nothing"]

_TYPES: dict[ValueKind, pa.DataType] = {
    "integer": pa.int64(),
    "truth": pa.int64(),
    "string": pa.string(),
    "number": pa.float64(),
    "nothing": pa.null(),
}
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def value_kind(arrow_type: pa.DataType, name: str) -> ValueKind:
    """Return the kind of an Arrow type.

    Args:
        arrow_type: the type of a column.
        name: the field's name, for errors.

    Raises:
        DataError: for any other type, such as a date or a list.
    """
    tests: dict[ValueKind, bool] = {
        "integer": pa.types.is_integer(arrow_type),
        "truth": pa.types.is_boolean(arrow_type),
        "string": any(is_text(arrow_type) for is_text in _TEXTS),
        "number": pa.types.is_floating(arrow_type),
        "nothing": pa.types.is_null(arrow_type),
    }
    for kind, holds in tests.items():
        if holds:
            return kind
    raise DataError(
        f"{name}: values of type {arrow_type} have no codes", fix="write integers, strings or truths"
    )


def normalized(values: pa.Array, name: str) -> pa.Array:
    """Return values in the one type of their kind; NaN becomes null.

    Args:
        values: of any type that :func:`value_kind` knows.
        name: the field's name, for errors.

    Raises:
        DataError: when an integer is not of 64 bits, signed.
    """
    kind = value_kind(values.type, name)
    if kind == "truth":
        values = values.cast(pa.int8())
    try:
        values = values.cast(_TYPES[kind])
    except pa.ArrowInvalid as error:
        raise DataError(f"{name}: {error}", fix="integers are of 64 bits, signed") from None
    if kind == "number":
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def buckets_of(values: pa.Array, buckets: int) -> I64:
    """Return [n] a bucket of each value, the same in every process; 0 where null.

    Args:
        values: as :func:`normalized` returns them.
        buckets: their number.

    Raises:
        DataError: for numbers, whose bits say more than their values.
    """
    if pa.types.is_floating(values.type):
        raise DataError(
            "floating point numbers are not hashed", fix="write integers or strings, or use a vocabulary"
        )
    known = mask(values.is_valid())
    hashed = hashes_of(values) if pa.types.is_string(values.type) else _of_integers(values)
    return np.where(known, (hashed % np.uint64(buckets)).astype(np.int64), 0)


def keys_of(values: pa.Array, name: str) -> I64:
    """Return [n] integers themselves, a 64-bit hash of strings; 0 where null.

    Args:
        values: ids.
        name: the field's name, for errors.

    Raises:
        DataError: for floating point numbers.
    """
    values = normalized(values, name)
    if pa.types.is_string(values.type):
        known = mask(values.is_valid())
        return np.where(known, hashes_of(values).view(np.int64), 0)
    if pa.types.is_floating(values.type):
        raise DataError(f"{name}: floating point numbers are no ids", fix="write integers or strings")
    return np.array(values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), np.int64)


def _of_integers(values: pa.Array) -> npt.NDArray[np.uint64]:
    """Return hashes of integers; null is hashed as 0."""
    numbers = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64)
    return np.asarray(splitmix64(numbers + GOLDEN), np.uint64)


def hashes_of(values: pa.Array) -> npt.NDArray[np.uint64]:
    """Return BLAKE2b's first 8 bytes of strings, computed once for each distinct one."""
    encoded = values.fill_null("").dictionary_encode()
    digests = b"".join(blake2b(s.encode(), digest_size=8).digest() for s in encoded.dictionary.to_pylist())
    hashes: npt.NDArray[np.uint64] = np.frombuffer(digests, "<u8").astype(np.uint64)
    return hashes[np.asarray(encoded.indices.to_numpy(), np.int64)]
