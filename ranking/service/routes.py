"""The routes."""

from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request as HTTPRequest
from starlette.responses import PlainTextResponse, Response

from ranking.service.answers import HealthAnswer, RankAnswer, RecallAnswer, RecommendAnswer, ReloadAnswer
from ranking.service.endpoint import Endpoint, json_of
from ranking.service.health import health
from ranking.service.openapi import documented
from ranking.service.requests import RankRequest, RecallRequest, RecommendRequest
from ranking.service.service import RankingService

_FAILURES = (401, 403, 413, 415, 422, 503, 504)


def make_routes(service: RankingService, endpoint: Endpoint) -> APIRouter:
    """The routes of a service."""
    router = APIRouter()

    @router.post("/rank", **documented(RankAnswer, *_FAILURES, request=RankRequest))
    async def rank(http: HTTPRequest) -> Response:
        """Score items for a user."""
        return await endpoint.answer(http, RankRequest, service.rank)

    @router.post("/recall", **documented(RecallAnswer, *_FAILURES, request=RecallRequest))
    async def recall(http: HTTPRequest) -> Response:
        """Find the nearest nodes of ids or vectors."""
        return await endpoint.answer(http, RecallRequest, service.recall)

    @router.post("/recommend", **documented(RecommendAnswer, *_FAILURES, request=RecommendRequest))
    async def recommend(http: HTTPRequest) -> Response:
        """Find candidates for a user, rank them, and give the best."""
        return await endpoint.answer(http, RecommendRequest, service.recommend)

    @router.post("/reload", **documented(ReloadAnswer, 401, 403, 409, 503))
    async def reload(http: HTTPRequest) -> Response:
        """Serve the bundle that is there now."""
        return await endpoint.admitted(http, "reload", lambda: _reloaded(service, http.state.request_id))

    @router.get("/health", **documented(HealthAnswer, secured=False))
    async def alive(http: HTTPRequest) -> Response:
        """Whether the service lives, and what it serves."""
        return json_of(health(service, http.state.request_id))

    @router.get("/metrics", response_class=PlainTextResponse, **documented(None, 401, 403, 503))
    async def metrics(http: HTTPRequest) -> Response:
        """Figures for Prometheus."""

        async def text() -> Response:
            return PlainTextResponse(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

        return await (text() if service.settings.public_metrics else endpoint.admitted(http, "serve", text))

    return router


async def _reloaded(service: RankingService, request_id: str) -> Response:
    done = await service.bundles.reload()
    answer = ReloadAnswer(
        bundle=done.bundle, before=done.before, changed=done.bundle != done.before, request_id=request_id
    )
    return json_of(answer)
