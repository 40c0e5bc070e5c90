"""One feature's rows of a snapshot, with those of pushes put in, and those not found blanked."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
from feast import Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import from_feast_to_pyarrow_type

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.values import Values, from_proto, is_list

#: slot of a value or of a list's items → the number it holds
_NUMBERS = {"int32": np.int32, "int64": np.int64, "float": np.float32, "double": np.float64}


def overlaid(
    values: Values | None, pushed: Mapping[int, Value | None], missing: np.ndarray, field: Field
) -> Values:
    """Put the rows of pushes into those of a snapshot, and return them.

    Rows not found hold NaN in matrices of floats, 0 in those of integers, and null in Arrow arrays. An Arrow
    array is given where a row is null, where it has another length or type than the matrix, and where the
    snapshot lacks the feature.

    Args:
        values: the snapshot's, in memory of their own; None where it lacks the feature.
        pushed: place → value; None where the row lacks the feature.
        missing: [n] bool.
        field: the feature.

    Raises:
        StoreError: when the rows are of types that no one array holds.
    """
    given = {place: None if value is None else from_proto(value) for place, value in pushed.items()}
    if isinstance(values, np.ndarray) and all(_fits(values, pushed[i], item) for i, item in given.items()):
        for place, item in given.items():
            values[place] = item
        values[missing] = np.nan if values.dtype.kind == "f" else 0
        return values
    items: list[Any] = [None] * len(missing)
    if values is not None:
        items = values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    for place, item in given.items():
        items[place] = item
    rows = [None if gone else item for item, gone in zip(items, missing, strict=True)]
    try:
        return pa.array(rows, _arrow_type(values, pushed, rows, field))
    except (ValueError, TypeError, OverflowError) as error:
        raise StoreError(
            f"what is online of feature {field.name} is of more than one type: {error}",
            fix="materialize again, and push again what was pushed",
        ) from error


def _fits(values: np.ndarray, value: Value | None, item: Any) -> bool:
    """Return whether a value is of the kind and shape of the rows, and needs no rounding."""
    dtype = _dtype(value)
    return (
        dtype is not None
        and dtype.kind == values.dtype.kind
        and dtype.itemsize <= values.dtype.itemsize
        and np.shape(item) == values.shape[1:]
    )


def _dtype(value: Value | None) -> np.dtype[Any] | None:
    """Return numpy's type of a value's numbers; None where it holds none."""
    slot = (value.WhichOneof("val") if value is not None else None) or ""
    number = _NUMBERS.get(slot.removesuffix("_val").removesuffix("_list"))
    return np.dtype(number) if number else None


def _arrow_type(
    values: Values | None, pushed: Mapping[int, Value | None], rows: list[Any], field: Field
) -> pa.DataType | None:
    """Return the type of the snapshot's rows where pushed ones have it; None: as they come."""
    if all(row is None for row in rows):
        with suppress(ValueError):  # a type that Arrow lacks
            return from_feast_to_pyarrow_type(field.dtype)
    if isinstance(values, np.ndarray) or values is None:
        return None
    item = values.type.value_type if is_list(values.type) else values.type
    if not pa.types.is_floating(item):
        return values.type
    wide = any((dtype := _dtype(value)) is not None and dtype.itemsize > 4 for value in pushed.values())
    return None if wide else values.type
