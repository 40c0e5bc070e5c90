"""Reads of what Redis has of one view version.

A read of ids is one ``HMGET`` of the header and the rows: it sees one snapshot, whole, and the pushes on it.
"""

from dataclasses import dataclass

import numpy as np

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import DAMAGED, Row
from embedding_features.store.online_stores.redis.decode import PackedRows, rows_alike
from embedding_features.store.online_stores.redis.hash import LOST, RedisHash
from embedding_features.store.online_stores.redis.wire import (
    HEADER,
    FieldArguments,
    Header,
    is_pushed,
    pushed_from_bytes,
)

_AT_ONCE = 1024  # rows of one command, which Redis runs without looking at anybody else


@dataclass(frozen=True)
class RowsRead:
    """Holds the rows of a read.

    Attributes:
        header: of the snapshot.
        missing: [n] bool: neither in the snapshot nor pushed; or pushed.
        pushed: place → row.
        packed: the snapshot's rows.
    """

    header: Header
    missing: np.ndarray
    pushed: dict[int, Row]
    packed: PackedRows


def read(view: RedisHash, fields: FieldArguments) -> RowsRead:
    """Return the rows of fields [n].

    Raises:
        StoreError: when nothing of the view is online, or it is damaged.
    """
    found, *rows = view.server.ask([b"*%d\r\n%s" % (fields.count + 3, view.hmget), fields.wire])
    if found is None:
        raise view.nothing_online()
    try:
        return _rows_read(view.parsed(found), rows)
    except DAMAGED as error:
        raise StoreError(
            f"what Redis has under {view.prefix} is damaged: {error}",
            fix=f"remove {view.key('rows')}, {LOST}, and push again",
        ) from error


def _rows_read(header: Header, rows: list[bytes | None]) -> RowsRead:
    alike = rows_alike(rows, header.columns)
    if alike is not None:
        return RowsRead(header, np.zeros(len(rows), bool), {}, alike)
    pushed = {i: pushed_from_bytes(row) for i, row in enumerate(rows) if row is not None and is_pushed(row)}
    for i in pushed:
        rows[i] = None
    missing = np.array([row is None for row in rows], bool)
    return RowsRead(header, missing, pushed, PackedRows(rows, header.columns, header.widths))


def all_rows(view: RedisHash) -> dict[bytes, bytes]:
    """Return field → row, read in many steps.

    They are of one snapshot if the header is the same before and after.
    """
    rows: dict[bytes, bytes] = {}
    cursor: bytes | int = 0
    while True:
        cursor, found = view.server.run("HSCAN", view.key("rows"), cursor, "COUNT", _AT_ONCE)
        rows.update(found)
        if int(cursor) == 0:
            rows.pop(HEADER, None)
            return rows


def pushed_rows(view: RedisHash) -> list[Row]:
    """Return the pushed rows, each as it was when it was read."""
    rows: list[Row] = []
    fields = sorted(view.server.run("SMEMBERS", view.key("pushed")))
    for start in range(0, len(fields), _AT_ONCE):
        found = view.server.run("HMGET", view.key("rows"), *fields[start : start + _AT_ONCE])
        rows += [pushed_from_bytes(row) for row in found if row is not None and is_pushed(row)]
    return rows
