"""Which types a view's entity keys and features may have: checked when the view is applied."""

from uuid import UUID

from feast import FeatureView, Field
from feast.types import Array, Float32, Float64, Int32, Int64, String
from feast.value_type import ValueType

from embedding_features.errors import StoreError
from embedding_features.store.marks import is_snapshot, tag

INTEGERS = (ValueType.INT32, ValueType.INT64)
UUIDS = (ValueType.UUID, ValueType.TIME_UUID)
#: keys that are an int64 or a string, by which arrays are read and snapshots written
PLAIN = (*INTEGERS, *UUIDS, ValueType.STRING)
_KEYS = (*PLAIN, ValueType.BYTES, ValueType.UNIX_TIMESTAMP, ValueType.BOOL)
#: what a snapshot's columns may hold, alone or in lists
_STORED = (Int32, Int64, Float32, Float64, String)


def key_type(column: Field) -> ValueType:
    """Return the type of a key of a view."""
    return ValueType(column.dtype.to_value_type())


def has_plain_key(view: FeatureView) -> bool:
    """Return whether a view has one key, an int64 or a string, by which its rows are read as arrays."""
    return len(view.entity_columns) == 1 and key_type(view.entity_columns[0]) in PLAIN


def refuse_types(view: FeatureView) -> None:
    """Check a view before it is applied.

    Raises:
        StoreError: when a key's type has values that are equal but written differently (floats, decimals), or
            a view of snapshots has keys or features that no snapshot holds.
    """
    snapshot = is_snapshot(view) and len(view.entity_columns) == 1
    for column in view.entity_columns:
        if key_type(column) not in (PLAIN if snapshot else _KEYS):
            raise StoreError(
                f"view {view.name} has the key {column.name} of type {key_type(column).name}",
                fix=f"declare its entity as {_names(PLAIN)}"
                + _or_by_rows(snapshot, key_type(column) in _KEYS),
            )
    for field in view.features if snapshot else ():
        if not _is_stored(field):
            raise StoreError(
                f"view {view.name}, one of snapshots, has the feature {field.name} of type {field.dtype}",
                fix=f"declare {', '.join(map(str, _STORED))}, or arrays of them" + _or_by_rows(True, True),
            )


def _is_stored(field: Field) -> bool:
    dtype = field.dtype.base_type if isinstance(field.dtype, Array) else field.dtype
    return dtype in _STORED


def _or_by_rows(snapshot: bool, works: bool) -> str:
    hint = f", or leave out the tag {tag('space')}: the view is then written row by row"
    return hint if snapshot and works else ""


def _names(types: tuple[ValueType, ...]) -> str:
    return ", ".join(kind.name for kind in types)


def uuid_text(text: str | UUID) -> str | None:
    """Return a UUID in lower case, with hyphens; None for a text that is none."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        return None
