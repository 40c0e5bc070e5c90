"""Loads a server by an open-loop HTTP client that takes little of the CPU it shares with it.

Requests are sent when they are due, whether earlier ones were answered or not, and a latency counts from when
its request was due: a server that stalls pays for all who wait (Tene, How NOT to Measure Latency, 2013).
"""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httptools
import numpy as np
import uvloop

#: what an answer must hold beside status 200
GOOD = b'"degraded":false'


@dataclass(frozen=True)
class Load:
    """Holds what came of a load.

    Attributes:
        milliseconds: [n] of each good answer, from when its request was due.
        errors: other answers, and requests without one.
        rps: good answers a second.
    """

    milliseconds: np.ndarray
    errors: int
    rps: float

    def percentile(self, rank: float) -> float:
        """Return a percentile of the latencies; infinite without any."""
        return float(np.percentile(self.milliseconds, rank)) if len(self.milliseconds) else float("inf")


class Connection(asyncio.Protocol):
    """Keeps a connection, with one request at a time on it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self.transport = transport
        self._answer: asyncio.Future[bool] | None = None

    def ask(self, request: bytes) -> "asyncio.Future[bool]":
        """Send a request, and return the future of whether its answer is good."""
        self._parser, self._pieces = httptools.HttpResponseParser(self), []
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return self._answer

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the answer, for the parser."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Judge the answer, for the parser."""
        good = self._parser.get_status_code() == 200 and GOOD in b"".join(self._pieces)
        self._settle(good)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """See ``asyncio.Protocol``."""
        self._settle(False)

    def _settle(self, good: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(good)


def post(path: str, body: bytes) -> bytes:
    """Return a request as it goes over the wire."""
    head = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def run_load(port: int, requests: Sequence[bytes], rate: float) -> Load:
    """Send requests, ``rate`` a second, and return what came of them."""
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(_run(port, requests, rate))
    finally:
        gc.enable()


async def _run(port: int, requests: Sequence[bytes], rate: float) -> Load:
    loop, idle = asyncio.get_running_loop(), list[Connection]()
    taken: list[float] = []

    async def one(request: bytes, due: float) -> None:
        while idle:
            connection = idle.pop()
            if not connection.transport.is_closing():  # which a server does to idle ones
                break
        else:
            _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        if await connection.ask(request):
            taken.append(1000 * (time.perf_counter() - due))
            idle.append(connection)

    start, tasks = time.perf_counter() + 0.1, []
    for number, request in enumerate(requests):
        due = start + number / rate
        await asyncio.sleep(due - time.perf_counter())
        tasks.append(asyncio.create_task(one(request, due)))
    await asyncio.wait(tasks, timeout=10)
    spent = time.perf_counter() - start
    return Load(np.array(taken), len(requests) - len(taken), len(taken) / spent)
