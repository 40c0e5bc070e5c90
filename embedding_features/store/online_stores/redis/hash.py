"""The keys that Redis has of one view version, and the rows that are pushed there.

    rows       hash: the header, and of each entity its row, the snapshot's or a pushed one (:mod:`.wire`)
    pushed     set of the fields of rows that are pushed ones
    staging    hash, one a materialization: its run id is in the name
    runs       set of the run ids of staging hashes
    lock       the token of who materializes

All rows in one hash means that Redis has all of them or none: it cannot drop a few, and a missing header says
that it lost them.
"""

from collections.abc import Sequence

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.redis.scripts import PUSH
from embedding_features.store.online_stores.redis.server import RedisServer
from embedding_features.store.online_stores.redis.wire import (
    HEADER,
    Header,
    field_of,
    pushed_to_bytes,
)
from embedding_features.store.online_stores.stored_view import Online

_AT_ONCE = 1024  # rows of one push script, which Redis runs without looking at anybody else
LOST = "run feast apply, then materialize"


class RedisHash:
    """Reads and writes what Redis has of a view version; one object may be used by many threads.

    Args:
        server: the Redis server.
        project: what the keys of the project begin with.
        name: names this view version in the set of the project's.

    Attributes:
        server: the Redis server.
        prefix: what all keys of the view version begin with.
        hmget: the command that reads the header and fields, up to the fields, as Redis's protocol has it.
    """

    def __init__(self, server: RedisServer, project: str, name: str) -> None:
        self.server, self._index, self._name = server, index_of(project), name
        self.prefix = f"{project}:{{{name}}}"
        rows = self.key("rows").encode()
        self.hmget = b"$5\r\nHMGET\r\n$%d\r\n%s\r\n$1\r\nh\r\n" % (len(rows), rows)
        self._parsed: tuple[bytes, Header] = (b"", Header.empty())

    def key(self, what: str) -> str:
        """Return a key in Redis; those of one view version lie in one slot of a cluster."""
        return f"{self.prefix}:{what}"

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
        header = self.parsed(found)
        return Online(header.stamp, header.entities, self.server.run("SCARD", self.key("pushed")))

    def header(self) -> Header:
        """Return the header that is online.

        Raises:
            StoreError: when nothing of the view is online.
        """
        found = self.server.run("HGET", self.key("rows"), HEADER)
        if found is None:
            raise self.nothing_online()
        return self.parsed(found)

    def push(self, rows: Sequence[Row]) -> None:
        """Add rows; those older than what is served are passed over. Each 1,024 are written all or none.

        Raises:
            StoreError: when the view is not in Redis.
        """
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            values = [piece for row in part for piece in (field_of(row.key), pushed_to_bytes(row))]
            if self.server.script(PUSH, [self.key("rows"), self.key("pushed")], values) < 0:
                raise self.nothing_online()

    def parsed(self, data: bytes) -> Header:
        """Return the header of these bytes; that of the same bytes again is not parsed anew."""
        if self._parsed[0] != data:
            self._parsed = (data, Header.from_bytes(data))
        return self._parsed[1]

    def nothing_online(self) -> StoreError:
        """Return the error of a view version that was never applied, or was lost."""
        return StoreError(f"nothing is online in Redis under {self.prefix}", fix=LOST)


def index_of(project: str) -> str:
    """Return the key of the set of a project's view versions."""
    return f"{project}:views"
