"""A pool of connections that threads share."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import TracebackType

import psycopg

from embedding_features.errors import StoreError

Connection = psycopg.Connection[tuple[object, ...]]


class Connections:
    """Holds as many connections as are in use at once; idle ones are used again, broken ones are not.

    Args:
        conninfo: a libpq connection string or URI.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._idle: list[Connection] = []
        self._lock = Lock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield a connection within a transaction, which is committed when the block ends without an error.

        Raises:
            StoreError: when the server is not reached, or refuses what is asked of it.
        """
        try:
            connection = self._take()
            try:
                with connection.transaction():
                    yield connection
            finally:
                self._give_back(connection)
        except psycopg.Error as error:
            raise StoreError(
                f"PostgreSQL: {str(error).strip()}", fix="see to the server, then try again"
            ) from error

    def close(self) -> None:
        """Close idle connections; the next transaction opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def __enter__(self) -> "Connections":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return psycopg.connect(self._conninfo, autocommit=True)

    def _give_back(self, connection: Connection) -> None:
        if connection.closed:  # and all that were opened before it are likely gone, too
            self.close()
            return
        with self._lock:
            self._idle.append(connection)
