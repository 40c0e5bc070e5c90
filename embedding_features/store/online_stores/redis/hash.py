"""The keys that Redis has of one view version, and reads and pushes of them.

    rows       hash: the header, and of each entity its row, the snapshot's or a pushed one (:mod:`.wire`)
    pushed     set of the fields of rows that are pushed ones
    staging    hash, one a materialization: its run id is in the name
    runs       set of the run ids of staging hashes
    lock       the token of who materializes

A read is one ``HMGET`` of the header and the rows: it sees one snapshot, whole, with the pushes on top of it.
All rows in one hash means that Redis has all of them or none: it cannot drop a few, and a missing header says
that it lost them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import DAMAGED, Row
from embedding_features.store.online_stores.redis.decode import Packed, rows_alike
from embedding_features.store.online_stores.redis.scripts import PUSH
from embedding_features.store.online_stores.redis.server import RedisServer
from embedding_features.store.online_stores.redis.wire import (
    HEADER,
    FieldArguments,
    Header,
    field_of,
    is_pushed,
    pushed_from_bytes,
    pushed_to_bytes,
)
from embedding_features.store.online_stores.stored_view import Online

_AT_ONCE = 1024  # rows of one push script, which Redis runs without looking at anybody else
_LOST = "run feast apply, then materialize"


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
    packed: Packed


class RedisHash:
    """Reads and writes what Redis has of a view version; one object may be used by many threads.

    Args:
        server: the Redis server.
        project: what the keys of the project begin with.
        name: names this view version in the set of the project's.
    """

    def __init__(self, server: RedisServer, project: str, name: str) -> None:
        self.server, self._index, self._name = server, index_of(project), name
        self._key = f"{project}:{{{name}}}"
        rows = self.key("rows").encode()
        self._hmget = b"$5\r\nHMGET\r\n$%d\r\n%s\r\n$1\r\nh\r\n" % (len(rows), rows)
        self._parsed: tuple[bytes, Header] = (b"", Header.empty())

    def key(self, what: str) -> str:
        """Return a key in Redis; those of one view version lie in one slot of a cluster."""
        return f"{self._key}:{what}"

    def create(self) -> None:
        """Make the view ready for pushes; what is there stays."""
        self.enlist()
        self.server.run("HSETNX", self.key("rows"), HEADER, Header.empty().to_bytes())

    def enlist(self) -> None:
        """Add the view version to the set of the project's."""
        self.server.run("SADD", self._index, self._name)

    def remove(self) -> None:
        """Remove all of it; a materialization in progress will be refused."""
        self.sweep()
        self.server.run("UNLINK", *map(self.key, ("rows", "pushed", "lock", "runs")))
        self.server.run("SREM", self._index, self._name)

    def sweep(self) -> None:
        """Remove what killed materializations left. Hold the lock around it."""
        runs = [run.decode() for run in self.server.run("SMEMBERS", self.key("runs"))]
        if runs:
            self.server.run("UNLINK", *(self.key(f"staging:{run}") for run in runs))
            self.server.run("SREM", self.key("runs"), *runs)

    def describe(self) -> Online | None:
        """Return what is online; None where nothing is."""
        found = self.server.run("HGET", self.key("rows"), HEADER)
        if found is None:
            return None
        header = self._header(found)
        return Online(header.stamp, header.entities, self.server.run("SCARD", self.key("pushed")))

    def header(self) -> Header:
        """Return the header that is online.

        Raises:
            StoreError: when nothing of the view is online.
        """
        found = self.server.run("HGET", self.key("rows"), HEADER)
        if found is None:
            raise self._nothing()
        return self._header(found)

    def read(self, fields: FieldArguments) -> RowsRead:
        """Return the rows of fields [n].

        Raises:
            StoreError: when nothing of the view is online, or it is damaged.
        """
        found, *rows = self.server.ask([b"*%d\r\n%s" % (fields.count + 3, self._hmget), fields.wire])
        if found is None:
            raise self._nothing()
        try:
            return self._rows_read(self._header(found), rows)
        except DAMAGED as error:
            raise StoreError(
                f"what Redis has under {self._key} is damaged: {error}",
                fix=f"remove {self.key('rows')}, {_LOST}, and push again",
            ) from error

    def _rows_read(self, header: Header, rows: list[bytes | None]) -> RowsRead:
        alike = rows_alike(rows, header.columns)
        if alike is not None:
            return RowsRead(header, np.zeros(len(rows), bool), {}, alike)
        pushed = {
            i: pushed_from_bytes(row) for i, row in enumerate(rows) if row is not None and is_pushed(row)
        }
        for i in pushed:
            rows[i] = None
        missing = np.array([row is None for row in rows], bool)
        return RowsRead(header, missing, pushed, Packed(rows, header.columns, header.widths))

    def all_rows(self) -> dict[bytes, bytes]:
        """Return field → row, read in many steps.

        They are of one snapshot if the header is the same before and after.
        """
        rows: dict[bytes, bytes] = {}
        cursor: bytes | int = 0
        while True:
            cursor, found = self.server.run("HSCAN", self.key("rows"), cursor, "COUNT", _AT_ONCE)
            rows.update(found)
            if int(cursor) == 0:
                rows.pop(HEADER, None)
                return rows

    def pushed_rows(self) -> list[Row]:
        """Return the pushed rows, each as it was when it was read."""
        rows: list[Row] = []
        fields = sorted(self.server.run("SMEMBERS", self.key("pushed")))
        for start in range(0, len(fields), _AT_ONCE):
            found = self.server.run("HMGET", self.key("rows"), *fields[start : start + _AT_ONCE])
            rows += [pushed_from_bytes(row) for row in found if row is not None and is_pushed(row)]
        return rows

    def push(self, rows: Sequence[Row]) -> None:
        """Add rows; those older than what is served are passed over. Each 1,024 are written all or none.

        Raises:
            StoreError: when the view is not in Redis.
        """
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            values = [piece for row in part for piece in (field_of(row.key), pushed_to_bytes(row))]
            if self.server.script(PUSH, [self.key("rows"), self.key("pushed")], values) < 0:
                raise self._nothing()

    def _header(self, data: bytes) -> Header:
        if self._parsed[0] != data:
            self._parsed = (data, Header.from_bytes(data))
        return self._parsed[1]

    def _nothing(self) -> StoreError:
        return StoreError(f"nothing is online in Redis under {self._key}", fix=_LOST)


def index_of(project: str) -> str:
    """Return the key of the set of a project's view versions."""
    return f"{project}:views"
