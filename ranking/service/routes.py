"""The service's routes, and what ``/openapi.json`` says of each.

The docstrings of the routes are their descriptions in ``/openapi.json``.
"""

from typing import Any

from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request as HTTPRequest
from starlette.responses import PlainTextResponse, Response

from ranking.service.answers import (
    Columns,
    HealthAnswer,
    PinnedView,
    RankAnswer,
    RecallAnswer,
    RecommendAnswer,
    ReloadAnswer,
)
from ranking.service.endpoint import Endpoint, json_response
from ranking.service.errors import ErrorAnswer
from ranking.service.requests import RankRequest, RecallRequest, RecommendRequest, Request
from ranking.service.service import RankingService

SECURITY = {"bearer": {"type": "http", "scheme": "bearer"}}
_FAILURES = {
    400: "A header is there more than once, or the request is no HTTP.",
    401: "No token, or one that is not good.",
    403: "A token that does not allow this.",
    409: "The new bundle is broken, or does not fit the repository; the one before serves on.",
    413: "The body is too large.",
    415: "The body is compressed, in another encoding than UTF-8, or no JSON by its type.",
    422: "The request breaks a rule.",
    500: "A fault of ours.",
    503: "Too many requests at once, or the online store is away; try again after Retry-After seconds.",
    504: "It took too long.",
}
_POST_FAILURES = (401, 403, 413, 415, 422, 503, 504)
_REQUEST_ID = {"X-Request-ID": {"description": "As asked with, or a new one.", "schema": {"type": "string"}}}


def make_routes(service: RankingService, endpoint: Endpoint) -> APIRouter:
    """Return the routes of a service, each answered by an endpoint."""
    router = APIRouter()

    @router.post("/rank", **_documented(RankAnswer, *_POST_FAILURES, request=RankRequest))
    async def rank(http: HTTPRequest) -> Response:
        """Score items for a user."""
        return await endpoint.answer(http, RankRequest, service.rank)

    @router.post("/recall", **_documented(RecallAnswer, *_POST_FAILURES, request=RecallRequest))
    async def recall(http: HTTPRequest) -> Response:
        """Find the nearest nodes of ids or vectors."""
        return await endpoint.answer(http, RecallRequest, service.recall)

    @router.post("/recommend", **_documented(RecommendAnswer, *_POST_FAILURES, request=RecommendRequest))
    async def recommend(http: HTTPRequest) -> Response:
        """Find candidates for a user, rank them, and give the best."""
        return await endpoint.answer(http, RecommendRequest, service.recommend)

    @router.post("/reload", **_documented(ReloadAnswer, 401, 403, 409, 503))
    async def reload(http: HTTPRequest) -> Response:
        """Serve the bundle that is there now."""

        async def reloaded() -> Response:
            return json_response(await _reload(service, http.state.request_id))

        return await endpoint.answer_without_body(http, "reload", reloaded)

    @router.get("/health", **_documented(HealthAnswer, secured=False))
    async def alive(http: HTTPRequest) -> Response:
        """Whether the service lives, and what it serves."""
        return json_response(_health(service, http.state.request_id))

    @router.get("/metrics", response_class=PlainTextResponse, **_documented(None, 401, 403, 503))
    async def metrics(http: HTTPRequest) -> Response:
        """Figures for Prometheus."""

        async def text() -> Response:
            return PlainTextResponse(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

        if service.settings.public_metrics:
            return await text()
        return await endpoint.answer_without_body(http, "serve", text)

    return router


def _health(service: RankingService, request_id: str) -> HealthAnswer:
    bundle, reachable = service.bundle_holder.current, service.circuit_breaker.reachable
    record = bundle.bundle.record
    return HealthAnswer(
        status="ok" if reachable else "degraded",
        bundle=record.digest,
        ranker=str(record.ranker["kind"]),
        pins=[PinnedView(view=pin.view, version=pin.version, run_id=pin.run_id) for pin in record.pins],
        store_reachable=reachable,
        columns=Columns(
            request=bundle.plan.of_request, store=list(bundle.plan.mapped), missing=service.metrics.missing
        ),
        request_id=request_id,
    )


async def _reload(service: RankingService, request_id: str) -> ReloadAnswer:
    done = await service.bundle_holder.reload()
    changed = done.bundle != done.before
    return ReloadAnswer(bundle=done.bundle, before=done.before, changed=changed, request_id=request_id)


def _documented(
    answer: Any, *failures: int, request: type[Request] | None = None, secured: bool = True
) -> dict[str, Any]:
    """The arguments of a route's decorator that document it.

    Args:
        answer: type of the answer; None for text.
        failures: statuses besides 400 and 500.
        request: type of the body.
        secured: whether a token is needed where the service has any.
    """
    responses: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorAnswer, "description": _FAILURES[status], "headers": _headers(status)}
        for status in (*failures, 400, 500)
    }
    extra: dict[str, Any] = {"security": [{"bearer": []}] if secured else []}
    if request is not None:
        content = {"application/json": {"schema": request.model_json_schema()}}
        extra["requestBody"] = {"required": True, "content": content}
    if answer is not None:
        responses[200] = {"model": answer, "headers": _REQUEST_ID}
    return {"responses": responses, "openapi_extra": extra, "response_model": None}


def _headers(status: int) -> dict[str, Any]:
    more = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 503: "Retry-After"}.get(status)
    return _REQUEST_ID | ({more: {"required": True, "schema": {"type": "string"}}} if more else {})
