"""uvicorn, which tells when it answers, and ends without losing a connection that the system accepted."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

from ranking.service.connections import Connection, ConnectionState
from ranking.service.listening import cannot_listen, is_readable, refuse_handshakes

#: seconds for handshakes that had begun, several round trips inside a network; and for the next request on a
#: connection that is open and quiet, whose client cannot know yet that it ends
SETTLE_SECONDS, QUIET_SECONDS = 0.1, 1.0
_TICK_SECONDS = 0.02
_LOG = structlog.get_logger()


class ServiceServer(uvicorn.Server):
    """Serves an application, and ends without losing a request.

    Args:
        app: the application.
        drain_seconds: time for what was begun, once the server is told to end.
        ready: called when the server answers.
    """

    server_state: ConnectionState

    def __init__(self, app: ASGIApp, drain_seconds: float, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app, http=Connection, ws="none", lifespan="on", log_config=None, access_log=False,
            server_header=False, date_header=False, proxy_headers=False,
        )  # fmt: skip
        super().__init__(config)
        self.server_state, self._drain_seconds, self._ready = ConnectionState(), drain_seconds, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell that the server answers.

        Raises:
            ConfigError: when another process listens there since the address was taken.
        """
        addresses = [sock.getsockname() for sock in sockets or []]
        await super().startup(sockets)
        for sock, address in zip(sockets or [], addresses, strict=True):
            if sock.fileno() < 0 or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                raise cannot_listen(f"{address[0]}:{address[1]}", "somebody else listens there")
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end: what is asked from now on is the last of its connection."""
        self.server_state.draining = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections that the system accepted, stop listening, answer all requests, and end."""
        for connection in self._connections():
            connection.end_after_answer()
        loop = asyncio.get_running_loop()
        started = loop.time()
        await self._accept_all(sockets or [], started)
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        _LOG.info("draining", connections=len(self.server_state.connections))
        await self._answer_all(started)
        await self._cancel_rest()
        await self.lifespan.shutdown()

    async def _accept_all(self, sockets: Sequence[socket.socket], started: float) -> None:
        """Let the loop accept until nobody waits, for the handshakes that had begun too."""
        for sock in sockets:
            refuse_handshakes(sock)
        while self._has_time(started):
            if any(is_readable(sock.fileno()) for sock in sockets):
                await asyncio.sleep(0)
            elif self._elapsed(started) < SETTLE_SECONDS:
                await asyncio.sleep(_TICK_SECONDS)
            else:
                return

    async def _answer_all(self, started: float) -> None:
        """Wait until all is answered, and close what is quiet."""
        while self._has_time(started) and (self.server_state.connections or self.server_state.tasks):
            await asyncio.sleep(_TICK_SECONDS)
            since = started + self._elapsed(started) - QUIET_SECONDS
            if since > started:
                for connection in self._connections():
                    connection.close_if_idle(since)

    async def _cancel_rest(self) -> None:
        """End what took too long; each request is still told so."""
        tasks = [*self.server_state.tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            _LOG.error("not all was answered in time", requests=len(tasks))
            await asyncio.wait(tasks, timeout=QUIET_SECONDS)
        for connection in self._connections():
            connection.transport.close()

    def _has_time(self, started: float) -> bool:
        """Whether there is time left, and nobody said to hurry."""
        return not self.force_exit and self._elapsed(started) < self._drain_seconds

    def _elapsed(self, started: float) -> float:
        return asyncio.get_running_loop().time() - started

    def _connections(self) -> list[Connection]:
        return [one for one in self.server_state.connections if isinstance(one, Connection)]
