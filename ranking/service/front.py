"""What every request passes: it gets an id, its time is taken, and a fault gets a clean answer."""

import re
import time
import uuid
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ranking.service.failures import failure
from ranking.service.metrics import Metrics

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_QUIET = ("/health", "/metrics")
_LOG = structlog.get_logger()


class Front:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        state = scope.setdefault("state", {})
        state["request_id"] = request_id = _request_id(scope)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (HEADER.lower().encode(), request_id.encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            _LOG.exception("fault", request_id=request_id)
            if not status:
                await failure(500, "a fault of ours", "report the request id", request_id)(
                    scope, receive, answer
                )
        finally:
            self._tell(scope, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.answered(route, status, seconds)
        if route not in _QUIET or status >= 400:
            state: dict[str, Any] = scope["state"]
            _LOG.info(
                "request",
                request_id=state["request_id"],
                route=route,
                status=status,
                ms=round(1000 * seconds, 2),
                **state.get("told", {}),
            )


def _request_id(scope: Scope) -> str:
    """The caller's own, if it is a short plain word, so that it can be followed; else a new one."""
    given = Request(scope).headers.get(HEADER, "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """The path of the route, never of the request, which may hold anything."""
    return str(getattr(scope.get("route"), "path", "other"))
