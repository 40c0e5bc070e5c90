"""What every request passes: it gets an id, its time is taken, and a fault gets a clean answer."""

import asyncio
import re
import time
import uuid
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ranking.service.errors import failure_response
from ranking.service.headers import repeated_header
from ranking.service.metrics import Metrics

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_QUIET = ("/health", "/metrics")
_LOG = structlog.get_logger()


class RequestMiddleware:
    """Wraps an ASGI application: ids, times, the log, and an answer whatever happens.

    Args:
        app: the application.
        metrics: count requests and their times.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, answer = time.perf_counter(), SentAnswer(scope, send)
        if answer.bodiless:
            scope = {**scope, "method": "GET"}
        try:
            await self._call_app(scope, receive, answer)
        finally:
            self._record(scope, answer.status, time.perf_counter() - started)

    async def _call_app(self, scope: Scope, receive: Receive, answer: "SentAnswer") -> None:
        """Call the application; where it fails, or is stopped, something is answered all the same."""
        name, failure = repeated_header(scope["headers"]), None
        try:
            if name is None:
                await self._app(scope, receive, answer.send)
            else:
                failure = (400, f"there is more than one {name} among the headers", "send one")
        except asyncio.CancelledError:  # the server ends, and this took too long
            failure = (503, "the service ends", "ask again")
        except Exception:
            _LOG.exception("fault", request_id=answer.request_id)
            failure = (500, "a fault of ours", "report the request id")
        if failure and not answer.status:
            headers = {"Retry-After": "1"} if failure[0] == 503 else None
            respond = failure_response(*failure, answer.request_id, headers)
            await respond(scope, receive, answer.send)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered, and log it."""
        route = _route(scope)
        self._metrics.count_request(route, status, seconds)
        if route not in _QUIET or status >= 400:
            state: dict[str, Any] = scope["state"]
            _LOG.info(
                "request",
                request_id=state["request_id"],
                route=route,
                status=status,
                ms=round(1000 * seconds, 2),
                **state.get("log_fields", {}),
            )


class SentAnswer:
    """Sends an answer, with the headers that every answer has.

    Args:
        scope: of the request, which gets an id in its state.
        send: takes ASGI messages.

    Attributes:
        request_id: id of the request.
        status: status of the answer; 0 until it begins.
        bodiless: whether HEAD was asked: what GET would be answered, without the body.
    """

    def __init__(self, scope: Scope, send: Send) -> None:
        self.request_id, self.status, self._send = _request_id(scope), 0, send
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.bodiless = scope["method"] == "HEAD"
        # who waits for leave to send a body (RFC 9110, 10.1.1) does not send it after a failure
        self._expects = any(name == b"expect" for name, _ in scope["headers"])

    async def send(self, message: Message) -> None:
        """Send a message of the application's."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message["headers"],
                (HEADER.lower().encode(), self.request_id.encode()),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
                *([(b"connection", b"close")] if self._expects and self.status >= 400 else ()),
            ]
        elif self.bodiless:
            message = {**message, "body": b""}
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's own, if it is a short plain word, so that it can be followed; else a new one."""
    given = Request(scope).headers.get(HEADER, "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """The path of the route, never of the request, which may hold anything."""
    return str(getattr(scope.get("route"), "path", "other"))
