"""From an HTTP request to an answer: who asks, what for, how long it may take."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response

from embedding_features.errors import EmbeddingFeaturesError
from ranking.service.authenticator import Authenticator
from ranking.service.bodies import RequestT, parse
from ranking.service.callers import Scope
from ranking.service.errors import PathRedactor, ServiceError, failure, refusal, what_is_wrong
from ranking.service.headers import check_media
from ranking.service.limits import InFlight, read_body
from ranking.service.settings import Limits

_LOG = structlog.get_logger()


class Endpoint:
    """Answers requests within limits; every failure has its status and a body that names no path.

    Args:
        hidden: paths that no caller is told.
    """

    def __init__(
        self, authenticator: Authenticator, in_flight: InFlight, limits: Limits, hidden: PathRedactor
    ) -> None:
        self._authenticator, self._in_flight, self._limits, self._hidden = (
            authenticator,
            in_flight,
            limits,
            hidden,
        )

    async def answer(
        self,
        http: HTTPRequest,
        kind: type[RequestT],
        work: Callable[[RequestT, str], Awaitable[Mapping[str, Any]]],
    ) -> Response:
        """The answer to a request with a body, within the limits of time and number."""

        async def limited() -> Response:
            async with asyncio.timeout(self._limits.timeout_seconds):
                await self._admit(http, "serve")
                check_media(http.headers)
                with self._in_flight.one():
                    body = await read_body(http, self._limits.body_bytes)
                    asked = parse(body, kind, http.headers.get("content-type", ""))
                    return json_of(await work(asked, _id(http)))

        return await self._told(http, limited)

    async def admitted(
        self, http: HTTPRequest, scope: Scope, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The answer to a request without a body, of a caller who may ask for it."""

        async def admitted() -> Response:
            await self._admit(http, scope)
            return await work()

        return await self._told(http, admitted)

    async def _admit(self, http: HTTPRequest, scope: Scope) -> None:
        http.state.told = {
            "caller": await self._authenticator.admit(http.headers.get("authorization"), scope)
        }

    async def _told(self, http: HTTPRequest, work: Callable[[], Awaitable[Response]]) -> Response:
        """The answer of some work, whatever becomes of it."""
        try:
            return await work()
        except ValidationError as error:
            return self._failure(http, ServiceError(422, what_is_wrong(error), fix="see /openapi.json"))
        except EmbeddingFeaturesError as error:
            told = refusal(error)
            if told is not error and told.status >= 500:
                _LOG.error("refused", request_id=_id(http), reason=str(error))
            return self._failure(http, told)
        except TimeoutError:
            fix = "ask for less at once, or try again"
            return self._failure(http, ServiceError(504, "this took too long", fix=fix))
        except ClientDisconnect:
            return Response(status_code=499)  # for the log: nobody is there to read it

    def _failure(self, http: HTTPRequest, told: ServiceError) -> Response:
        what, fix = self._hidden(told.what), self._hidden(told.fix)
        return failure(told.status, what, fix, _id(http), told.headers)


def json_of(answer: Mapping[str, Any]) -> Response:
    """An answer as JSON."""
    return Response(to_json(answer), media_type="application/json")


async def no_route(http: HTTPRequest, error: Exception) -> Response:
    """The answer where there is no route, or none for the method."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        headers = {"Allow": _allowed((error.headers or {}).get("Allow", ""))}
        return failure(405, "this path takes another method", "see Allow", _id(http), headers)
    return failure(404, "there is nothing here", "see /openapi.json", _id(http))


def _allowed(methods: str) -> str:
    """The methods of a route; what answers GET answers HEAD."""
    names = set(methods.replace(" ", "").split(","))
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def _id(http: HTTPRequest) -> str:
    return str(http.state.request_id)
