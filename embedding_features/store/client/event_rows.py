"""A table of events, one a row, as the rows that Feast writes to a view of histories: one for each node."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.arrays import F64, I64, AnyArray
from embedding_features.arrow import flat_array
from embedding_features.errors import DataError
from embedding_features.hashes import joint_hashes
from embedding_features.ids import flat_ids
from embedding_features.store.client.history_view import HistoryView
from embedding_features.store.moments import EVENT, STAMP
from embedding_features.store.online_stores.duplicates import hashes
from embedding_features.store.online_stores.feast_reads import Written
from embedding_features.store.online_stores.histories.history import history_values
from embedding_features.store.online_stores.ids import ids_array, ids_of

_ID, _VALUE = "event_id", "value"
_NOW = datetime(1970, 1, 1, tzinfo=UTC)  # of rows of histories, whose own times say nothing


def event_rows(history: HistoryView, table: pa.Table) -> list[Written]:
    """Return the events of a table as one row for each node, in the order in which they stand there.

    Args:
        history: the view of histories.
        table: the columns ``<node type>_id``, ``<of>_id``, ``value``, ``event_timestamp`` and, maybe,
            ``event_id``; others are passed over.

    Raises:
        DataError: when a column is missing, holds nulls or is of another type.
    """
    columns = _columns(history, table)
    nodes, others = ids_of(history.view, columns[history.key]), ids_array(columns[history.other_key])
    values, times = event_values(columns[_VALUE]), event_times(columns[EVENT])
    event_ids = _texts(columns[_ID]) if _ID in columns else _hashed(nodes, others, values, times)
    order = np.argsort(nodes, kind="stable")
    lists = [event_ids[order], others[order], values[order], times[order]]
    rows: list[Written] = []
    for start, stop in _runs(nodes[order]):
        part = [items[start:stop].tolist() for items in lists]
        entity = EntityKey(join_keys=[history.key], entity_values=[_value(nodes[order[start]])])
        rows.append((entity, history_values(*part), _NOW, None))
    return rows


def _runs(ordered: AnyArray) -> list[tuple[int, int]]:
    """Return where each run of one value begins, and ends."""
    borders = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    ends = [0, *borders.tolist(), len(ordered)]
    return list(itertools.pairwise(ends)) if len(ordered) else []


def _columns(history: HistoryView, table: pa.Table) -> dict[str, pa.Array]:
    """Return the columns of events, without nulls."""
    wanted = [history.key, history.other_key, _VALUE, EVENT]
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        raise DataError(f"events without a column {', '.join(missing)}", fix=f"give the columns {wanted}")
    names = [*wanted, *({_ID} & set(table.column_names))]
    nulls = [name for name in names if table[name].null_count]
    if nulls:
        raise DataError(
            f"null among {', '.join(nulls)} of events", fix="drop these events, or say what they were"
        )
    return {name: flat_array(table[name]) for name in names}


def event_values(column: pa.Array) -> F64:
    """Return values as float64; truth values are 0 and 1."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"{_VALUE} of events is {column.type}", fix="give numbers")
    return np.array(column.to_numpy(zero_copy_only=False), np.float64)


def event_times(column: pa.Array) -> I64:
    """Return times as microseconds since 1970; finer ones are rounded up, as those of logs."""
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        raise DataError(f"{EVENT} of events is {column.type}", fix="give timestamps with a zone, such as UTC")
    if column.type.unit == "ns":
        column = pc.ceil_temporal(column, unit="microsecond")
    try:
        return np.array(column.cast(STAMP).cast(pa.int64()))
    except pa.ArrowInvalid as error:
        raise DataError(f"{EVENT} of events: {error}", fix="give the times of the events") from None


def _texts(column: pa.Array) -> AnyArray:
    """Return ids of events as [n] objects of str."""
    ids = flat_ids(column)
    if not (pa.types.is_integer(ids.type) or pa.types.is_string(ids.type)):
        raise DataError(f"{_ID} of events is {ids.type}", fix="give strings or integers")
    return np.array(ids.cast(pa.string()).to_pylist(), object)


def _hashed(*columns: AnyArray) -> AnyArray:
    """Return an id of each event, made of all that is known of it: the same event has the same id again."""
    return np.array([f"{code:016x}" for code in joint_hashes([_codes(c) for c in columns]).tolist()], object)


def _codes(column: AnyArray) -> AnyArray:
    """Return [n] uint64 codes of integers, floats or strings."""
    if column.dtype == object:
        return hashes(column)
    return np.ascontiguousarray(column + column.dtype.type(0)).view(np.uint64)  # turns -0 into 0


def _value(node: int | str) -> Value:
    return Value(string_val=node) if isinstance(node, str) else Value(int64_val=int(node))
