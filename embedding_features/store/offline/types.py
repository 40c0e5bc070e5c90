"""Arrow types apart from how values are laid out, and the type that several have in common."""

from collections.abc import Sequence

import pyarrow as pa
from feast.types import FeastType, from_feast_to_pyarrow_type

from embedding_features.store.moments import STAMP

#: below, every integer has a float of its own, to which no other integer was rounded
EXACT = {pa.float32(): 1 << 24, pa.float64(): 1 << 53}
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view)
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def plain(dtype: pa.DataType) -> pa.DataType:
    """Return a type apart from how its values are laid out.

    Two equal plain types are one type to DuckDB.
    """
    if pa.types.is_dictionary(dtype):
        return plain(dtype.value_type)
    if any(is_kind(dtype) for is_kind in _LISTS):
        return pa.list_(plain(dtype.value_type))
    if any(is_kind(dtype) for is_kind in _TEXTS):
        return pa.string()
    if any(is_kind(dtype) for is_kind in _BYTES):
        return pa.binary()
    if pa.types.is_float16(dtype):
        return pa.float32()
    return pa.date32() if pa.types.is_date(dtype) else dtype


def declared(dtype: FeastType) -> pa.DataType | None:
    """Return what a view's field is in Arrow; None where Feast does not say."""
    try:
        found = from_feast_to_pyarrow_type(dtype)
    except ValueError:
        return None
    return plain(found)


def common(types: Sequence[pa.DataType], key: bool = False) -> pa.DataType | None:
    """Return the type that holds the values of all of these plain types; None where there is none.

    Numbers of several kinds are float64 as features and int64 as keys, where they are exact.
    """
    kinds = [t for t in dict.fromkeys(types) if not pa.types.is_null(t)]
    if len(kinds) < 2:
        return kinds[0] if kinds else pa.null()
    if all(map(pa.types.is_list, kinds)):
        inner = common([t.value_type for t in kinds])
        return None if inner is None else pa.list_(inner)
    if all(map(pa.types.is_timestamp, kinds)):
        return STAMP
    if all(map(pa.types.is_integer, kinds)) or (key and all(map(is_number, kinds))):
        return pa.int64()
    return pa.float64() if all(map(is_number, kinds)) else None


def is_number(dtype: pa.DataType) -> bool:
    """Return whether values are integers or floats."""
    return bool(pa.types.is_integer(dtype) or pa.types.is_floating(dtype))
