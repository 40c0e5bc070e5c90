"""The entity frame's keys beside those of a source: equal only when they are the same."""

import numpy as np
import pyarrow as pa

from embedding_features.errors import DataError
from embedding_features.store.moments import STAMP
from embedding_features.store.offline.types import EXACT, plain


def key_type(files: pa.DataType, declared: pa.DataType | None) -> pa.DataType:
    """Return the type that a source's keys are joined as, from their plain type in files and view."""
    if pa.types.is_floating(files) and declared is not None and pa.types.is_integer(declared):
        return declared
    if pa.types.is_timestamp(files):
        return STAMP
    return pa.string() if files == pa.uuid() else files


def cast_keys(keys: pa.Array, want: pa.DataType, name: str, view: str) -> pa.Array:
    """Return the frame's keys in a type that compares with ``want``, none of them changed; NaN is null.

    Raises:
        DataError: when keys are of another kind (text, numbers, booleans, times), or no such value.
    """
    have = plain(keys.type)
    if pa.types.is_null(have):
        return pa.nulls(len(keys), want)
    if pa.types.is_null(want) or have == want:
        return keys
    if pa.types.is_integer(have) and pa.types.is_integer(want):
        return keys  # DuckDB compares integers of all widths exactly
    if pa.types.is_floating(have) and pa.types.is_floating(want):
        return keys
    if pa.types.is_floating(have) and pa.types.is_integer(want):
        return _integers(keys, name, view)
    if have == pa.uuid() and pa.types.is_string(want):
        return pa.array([None if key is None else str(key) for key in keys.to_pylist()], pa.string())
    if _casts(have, want):
        try:
            return keys.cast(want)
        except pa.ArrowInvalid as error:
            raise DataError(
                f"{name} has a key that is no {want}, as view {view} has: {error}", fix="drop or mend it"
            ) from error
    raise DataError(
        f"{name} is {have}, but view {view} has {want} keys", fix=f"cast the frame's column to {want}"
    )


def _casts(have: pa.DataType, want: pa.DataType) -> bool:
    """Return whether Arrow's own checked cast says when a key is lost."""
    if pa.types.is_decimal(have) or pa.types.is_decimal(want):
        return not pa.types.is_string(have) and not pa.types.is_boolean(have) and not pa.types.is_string(want)
    if pa.types.is_timestamp(have) and pa.types.is_timestamp(want):
        return True
    return bool(pa.types.is_integer(have) and pa.types.is_floating(want))


def _integers(keys: pa.Array, name: str, view: str) -> pa.Array:
    numbers = keys.cast(pa.float64()).to_numpy(zero_copy_only=False)  # nulls are NaN
    missing = np.isnan(numbers)
    exact = (np.abs(numbers) < EXACT[plain(keys.type)]) & (numbers == np.trunc(numbers))
    bad = ~missing & ~exact
    if bad.any():
        raise DataError(
            f"{name} is {keys.type} and holds {float(numbers[bad][0])!r}; view {view} has integer keys",
            fix=f'give integers: in pandas, {name} as "Int64" keeps them beside missing ones',
        )
    return pa.array(np.where(missing, 0, numbers).astype(np.int64), mask=missing)
