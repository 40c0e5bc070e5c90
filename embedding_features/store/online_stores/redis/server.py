"""A Redis server: commands, scripts and streams of commands, with failures as errors of this library."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.redis.address import Address

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:
    raise StoreError("redis-py is not installed", fix='pip install "embedding-features[redis]"') from error

Buffer: TypeAlias = bytes | memoryview
_AHEAD = 4  # commands of a stream that are sent before the first one's answer is awaited


class RedisServer:
    """Sends commands to one server; many threads may use one object, which goes on when Redis is back."""

    def __init__(self, address: Address, timeout_seconds: float) -> None:
        self._where = address.where
        self._client: Any = redis.Redis(
            **dict(address.login),
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            socket_read_size=1 << 18,
            protocol=2,
            retry=Retry(NoBackoff(), 1),
        )
        self._scripts: dict[str, Any] = {}

    def run(self, *command: bytes | str | int) -> Any:
        """Return the answer to one command.

        Raises:
            StoreError: when Redis is gone, refuses the login, is full, or says anything else.
        """
        with self._errors_as_ours():
            return self._client.execute_command(*command)

    def ask(self, command: Sequence[Buffer]) -> Any:
        """Return the answer to a packed command that only reads; asked again if the connection was closed."""
        with self._errors_as_ours():
            try:
                return self._asked(command)
            except redis.ConnectionError:
                return self._asked(command)

    def _asked(self, command: Sequence[Buffer]) -> Any:
        pool = self._client.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_packed_command(command, check_health=False)
            return connection.read_response()
        except redis.ResponseError:
            raise
        except BaseException:
            connection.disconnect()  # an answer may still come, and is not the next one's
            raise
        finally:
            pool.release(connection)

    def script(self, text: str, keys: Sequence[str], values: Sequence[bytes | str | int]) -> Any:
        """Return the answer of a Lua script, which runs as one atomic step."""
        if text not in self._scripts:
            self._scripts[text] = self._client.register_script(text)
        with self._errors_as_ours():
            return self._scripts[text](keys=keys, args=values)

    def stream(self, commands: Iterable[Sequence[Buffer]]) -> None:
        """Send commands packed as the protocol has them, each in pieces, without waiting for each answer.

        When this ends, well or not, Redis has none of them before it any more, if it is still there.
        """
        with self._errors_as_ours():
            pool = self._client.connection_pool
            connection, sent = pool.get_connection(), 0
            try:
                for command in commands:
                    connection.send_packed_command(command, check_health=False)
                    sent += 1
                    if sent > _AHEAD:
                        sent -= 1
                        connection.read_response()
            finally:
                try:
                    _drain(connection, sent)
                finally:
                    pool.release(connection)

    def close(self) -> None:
        """Give its connections back; the next command opens new ones."""
        self._client.close()
        self._client.connection_pool.disconnect()

    def refuse_eviction(self) -> None:
        """Check that Redis drops no key that does not expire.

        Raises:
            StoreError: when Redis may drop keys that do not expire.
        """
        with self._errors_as_ours():
            memory = self._client.info("memory")
        policy = str(memory.get("maxmemory_policy", "noeviction"))
        if memory.get("maxmemory") and policy.startswith("allkeys"):
            raise StoreError(
                f"Redis at {self._where} drops keys when it is full (maxmemory-policy {policy})",
                fix="set maxmemory-policy to noeviction, so that it never drops what is served",
            )

    @contextmanager
    def _errors_as_ours(self) -> Iterator[None]:
        """Turn Redis's errors into ours; the login never appears in them."""
        try:
            yield
        except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
            raise StoreError(
                f"Redis at {self._where} refuses the login: {error}",
                fix="mend username and password in online_store.connection_string",
            ) from error
        except redis.exceptions.OutOfMemoryError as error:
            raise StoreError(
                f"Redis at {self._where} is full: {error}",
                fix="raise its maxmemory to twice what a snapshot takes, and write again; the old is served",
            ) from error
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise StoreError(
                f"Redis at {self._where} cannot be reached: {error}",
                fix="start it, or mend online_store.connection_string; nothing else needs a restart",
            ) from error
        except redis.RedisError as error:
            raise StoreError(f"Redis at {self._where} says: {error}") from error


def _drain(connection: Any, answers: int) -> None:
    """Await the answers that are still to come; the first error is raised when the last has come."""
    first: Exception | None = None
    for _ in range(answers):
        try:
            connection.read_response()
        except redis.ResponseError as error:
            first = first or error
        except (redis.ConnectionError, redis.TimeoutError):
            return  # who was sending knows
    if first:
        raise first
