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
from ranking.service.errors import (
    PathRedactor,
    ServiceError,
    as_service_error,
    describe_invalid,
    failure_response,
)
from ranking.service.headers import check_body_headers
from ranking.service.limits import InFlight, read_body
from ranking.service.settings import Limits

_LOG = structlog.get_logger()


class Endpoint:
    """Answers requests within limits; every failure has its status and a body that names no path.

    Args:
        authenticator: lets callers in.
        in_flight: counts the requests being answered.
        limits: how large a request may be, and how long it may take.
        path_redactor: replaces the paths that no caller is told.
    """

    def __init__(
        self, authenticator: Authenticator, in_flight: InFlight, limits: Limits, path_redactor: PathRedactor
    ) -> None:
        self._authenticator, self._in_flight = authenticator, in_flight
        self._limits, self._path_redactor = limits, path_redactor

    async def answer(
        self,
        http: HTTPRequest,
        kind: type[RequestT],
        work: Callable[[RequestT, str], Awaitable[Mapping[str, Any]]],
    ) -> Response:
        """Return the response to a request with a body, within the limits of time and number.

        Args:
            http: the request.
            kind: what its body is read as.
            work: makes the answer of that and of the request's id.
        """

        async def limited() -> Response:
            async with asyncio.timeout(self._limits.timeout_seconds):
                await self._admit(http, "serve")
                check_body_headers(http.headers)
                with self._in_flight.one_more():
                    body = await read_body(http, self._limits.body_bytes)
                    request = parse(body, kind, http.headers.get("content-type", ""))
                    return json_response(await work(request, _id(http)))

        return await self._respond(http, limited)

    async def answer_without_body(
        self, http: HTTPRequest, scope: Scope, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Return the response to a request without a body, of a caller who may ask for it.

        Args:
            http: the request.
            scope: what the caller must be allowed.
            work: makes the response.
        """

        async def admitted() -> Response:
            await self._admit(http, scope)
            return await work()

        return await self._respond(http, admitted)

    async def _admit(self, http: HTTPRequest, scope: Scope) -> None:
        caller = await self._authenticator.admit(http.headers.get("authorization"), scope)
        http.state.log_fields = {"caller": caller}

    async def _respond(self, http: HTTPRequest, work: Callable[[], Awaitable[Response]]) -> Response:
        """The response of some work, or of its failure."""
        try:
            return await work()
        except ValidationError as error:
            return self._failure(http, ServiceError(422, describe_invalid(error), fix="see /openapi.json"))
        except EmbeddingFeaturesError as error:
            failure = as_service_error(error)
            if failure is not error and failure.status >= 500:
                _LOG.error("refused", request_id=_id(http), reason=str(error))
            return self._failure(http, failure)
        except TimeoutError:
            fix = "ask for less at once, or try again"
            return self._failure(http, ServiceError(504, "this took too long", fix=fix))
        except ClientDisconnect:
            return Response(status_code=499)  # for the log: nobody is there to read it

    def _failure(self, http: HTTPRequest, error: ServiceError) -> Response:
        what, fix = self._path_redactor(error.what), self._path_redactor(error.fix)
        return failure_response(error.status, what, fix, _id(http), error.headers)


def json_response(answer: Mapping[str, Any]) -> Response:
    """Return an answer as JSON."""
    return Response(to_json(answer), media_type="application/json")


async def no_route(http: HTTPRequest, error: Exception) -> Response:
    """Return the response where there is no route, or none for the method."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        headers = {"Allow": _allowed((error.headers or {}).get("Allow", ""))}
        return failure_response(405, "this path takes another method", "see Allow", _id(http), headers)
    return failure_response(404, "there is nothing here", "see /openapi.json", _id(http))


def _allowed(methods: str) -> str:
    """The methods of a route; what answers GET answers HEAD."""
    names = set(methods.replace(" ", "").split(","))
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def _id(http: HTTPRequest) -> str:
    return str(http.state.request_id)
