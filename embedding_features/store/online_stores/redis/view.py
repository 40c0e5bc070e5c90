"""What Redis has of one view version.

    rows       hash: the header, and of each entity its row, the snapshot's or a pushed one
    pushed     set of the fields of rows that are pushed ones
    staging    hash, one a materialization: its run id is in the name
    runs       set of the run ids of staging hashes
    lock       the token of who materializes

A read is one ``HMGET`` of the header and the rows: it sees one snapshot, whole, with the pushes on top of it.
A materialization fills a staging hash, and a script puts it in the place of the rows in one step. All rows in
one hash means that Redis has all of them or none: it cannot drop a few, and a missing header says that it
lost them.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.base import Online
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import refuse_older
from embedding_features.store.online_stores.pushed import DAMAGED, Row, row_from_bytes, row_to_bytes
from embedding_features.store.online_stores.redis.decode import Packed, rows_alike
from embedding_features.store.online_stores.redis.fields import Fields, field_of
from embedding_features.store.online_stores.redis.header import Header
from embedding_features.store.online_stores.redis.lease import held
from embedding_features.store.online_stores.redis.scripts import PUSH, SWITCH
from embedding_features.store.online_stores.redis.server import RedisServer
from embedding_features.store.online_stores.redis.stage import Stage

_HEADER = b"h"
_AT_ONCE = 1024  # rows of one push script, which Redis runs without looking at anybody else
_LOST = "run feast apply, then materialize"


@dataclass(frozen=True)
class RowsRead:
    """Rows of a read.

    Attributes:
        missing: [n] bool: neither in the snapshot nor pushed; or pushed.
        pushed: place → row.
    """

    header: Header
    missing: np.ndarray
    pushed: dict[int, Row]
    packed: Packed


class RedisView:
    """A view version in Redis; one object may be used by many threads.

    Args:
        project: what its keys begin with.
        name: of this view version, in the set of the project's.
    """

    def __init__(
        self, server: RedisServer, project: str, name: str, lock_seconds: float, wait_seconds: float
    ) -> None:
        self._server, self._index, self._name = server, index_of(project), name
        self._lock_seconds, self._wait_seconds = lock_seconds, wait_seconds
        self._key = f"{project}:{{{name}}}"
        rows = self.key("rows").encode()
        self._hmget = b"$5\r\nHMGET\r\n$%d\r\n%s\r\n$1\r\nh\r\n" % (len(rows), rows)
        self._parsed: tuple[bytes, Header] = (b"", Header.empty())

    def key(self, what: str) -> str:
        """A key in Redis; those of one view version lie in one slot of a cluster."""
        return f"{self._key}:{what}"

    def create(self) -> None:
        """Make the view ready for pushes; what is there stays."""
        self._server.run("SADD", self._index, self._name)
        self._server.run("HSETNX", self.key("rows"), _HEADER, Header.empty().to_bytes())

    def remove(self) -> None:
        """Remove all of it; a materialization in progress will be refused."""
        self._sweep()
        self._server.run("UNLINK", *map(self.key, ("rows", "pushed", "lock", "runs")))
        self._server.run("SREM", self._index, self._name)

    def describe(self) -> Online | None:
        """What is online; None where nothing is."""
        found = self._server.run("HGET", self.key("rows"), _HEADER)
        if found is None:
            return None
        header = self._header(found)
        return Online(header.stamp, header.entities, self._server.run("SCARD", self.key("pushed")))

    def read(self, fields: Fields) -> RowsRead:
        """The rows of fields [n].

        Raises:
            StoreError: when nothing of the view is online, or it is damaged.
        """
        found, *rows = self._server.ask([b"*%d\r\n%s" % (fields.count + 3, self._hmget), fields.wire])
        if found is None:
            raise self._nothing()
        try:
            return self._answer(found, rows)
        except DAMAGED as error:
            raise StoreError(
                f"what Redis has under {self._key} is damaged: {error}",
                fix=f"remove {self.key('rows')}, {_LOST}, and push again",
            ) from error

    def _answer(self, found: bytes, rows: list[bytes | None]) -> RowsRead:
        header = self._header(found)
        alike = rows_alike(rows, header.columns)
        if alike is not None:
            return RowsRead(header, np.zeros(len(rows), bool), {}, alike)
        pushed = {i: row_from_bytes(row[:-17]) for i, row in enumerate(rows) if row is not None and row[-1]}
        for i in pushed:
            rows[i] = None
        missing = np.array([row is None for row in rows], bool)
        return RowsRead(header, missing, pushed, Packed(rows, header.columns, header.widths))

    def header(self) -> Header:
        """What is said of all rows.

        Raises:
            StoreError: when nothing of the view is online.
        """
        found = self._server.run("HGET", self.key("rows"), _HEADER)
        if found is None:
            raise self._nothing()
        return self._header(found)

    def all_rows(self) -> dict[bytes, bytes]:
        """Field → row, in many steps: those of one snapshot if the header is the same before and after it."""
        rows: dict[bytes, bytes] = {}
        cursor: bytes | int = 0
        while True:
            cursor, found = self._server.run("HSCAN", self.key("rows"), cursor, "COUNT", _AT_ONCE)
            rows.update(found)
            if int(cursor) == 0:
                rows.pop(_HEADER, None)
                return rows

    def pushed_rows(self) -> list[Row]:
        """The rows that are pushed ones, each as it was when it was read."""
        fields = self._server.run("SMEMBERS", self.key("pushed"))
        rows: list[Row] = []
        ordered = sorted(fields)
        for start in range(0, len(ordered), _AT_ONCE):
            found = self._server.run("HMGET", self.key("rows"), *ordered[start : start + _AT_ONCE])
            rows += [row_from_bytes(row[:-17]) for row in found if row is not None and row[-1]]
        return rows

    def push(self, rows: Sequence[Row]) -> None:
        """Add rows; those older than what is served are passed over.

        Raises:
            StoreError: when the view is not in Redis.
        """
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            values = [piece for row in part for piece in (field_of(row.key), _packed(row))]
            if self._server.script(PUSH, [self.key("rows"), self.key("pushed")], values) < 0:
                raise self._nothing()

    def replace(self, incoming: Incoming) -> int:
        """Make a snapshot the one that is served, in one step; what it lacks is gone.

        Pushed rows later than the snapshot stay.

        Returns:
            The number of its entities.

        Raises:
            StoreError: when it is older than the one that is served, breaks a rule, somebody else
                materializes, or Redis fails; nothing changes then.
        """
        where, lock = incoming.layout.where, self.key("lock")
        self._server.refuse_eviction()
        self._server.run("SADD", self._index, self._name)
        with held(self._server, lock, where, self._lock_seconds, self._wait_seconds) as token:
            self._sweep()
            run = uuid.uuid4().hex
            staging = self.key(f"staging:{run}")
            self._server.run("SADD", self.key("runs"), run)
            try:
                header = self._fill(Stage(incoming, run, staging.encode()), staging)
                online = self.describe()
                refuse_older(where, online.stamp if online else None, header.stamp or (0, 0))
                self._switch(staging, where, token, header)
            except BaseException:
                with suppress(StoreError):
                    self._server.run("UNLINK", staging)
                raise
            self._server.run("SREM", self.key("runs"), run)
            return header.entities

    def _fill(self, stage: Stage, staging: str) -> Header:
        self._server.stream(stage.commands())
        return stage.header(self._server.run("HLEN", staging))

    def _switch(self, staging: str, where: str, token: str, header: Header) -> None:
        keys = [self.key("rows"), self.key("pushed"), staging, f"{staging}:old", self.key("lock")]
        done = self._server.script(SWITCH, keys, [token, header.entities, header.to_bytes()])
        if done == -1:
            raise StoreError(
                f"{where}: this materialization stood still so long that it lost its lock; the old is served",
                fix="materialize again; if it happens often, raise online_store.lock_seconds",
            )
        if done == -2:
            raise StoreError(
                f"{where}: Redis has not the {header.entities} rows that were sent; the old is served",
                fix="look whether somebody else removes keys, then materialize again",
            )

    def _sweep(self) -> None:
        """Remove what killed materializations left. Hold the lock around it."""
        runs = [run.decode() for run in self._server.run("SMEMBERS", self.key("runs"))]
        if runs:
            self._server.run("UNLINK", *(self.key(f"staging:{run}") for run in runs))
            self._server.run("SREM", self.key("runs"), *runs)

    def _header(self, data: bytes) -> Header:
        if self._parsed[0] != data:
            self._parsed = (data, Header.from_bytes(data))
        return self._parsed[1]

    def _nothing(self) -> StoreError:
        return StoreError(f"nothing is online in Redis under {self._key}", fix=_LOST)


def index_of(project: str) -> str:
    """The set of a project's view versions."""
    return f"{project}:views"


def _packed(row: Row) -> bytes:
    event, created = (moment.to_bytes(8, "little", signed=True) for moment in row.stamp)
    return row_to_bytes(row) + event + created + b"\1"
