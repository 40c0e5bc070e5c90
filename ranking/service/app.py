"""The ASGI application of a service."""

import asyncio
import gc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from embedding_features.errors import EmbeddingFeaturesError
from ranking.service.authenticator import Authenticator
from ranking.service.endpoint import Endpoint, no_route
from ranking.service.limits import InFlight
from ranking.service.middleware import RequestMiddleware
from ranking.service.routes import SECURITY, make_routes
from ranking.service.service import RankingService

_LOG = structlog.get_logger()


def make_app(service: RankingService, authenticator: Authenticator) -> FastAPI:
    """Return the application: a service's routes behind an authenticator, within the service's limits."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in _background_work(service)]
        await asyncio.to_thread(_warm, service)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        service.close()
        gc.unfreeze()  # or what was frozen would not be collected at the end of the process

    app = FastAPI(
        title="embedding-features",
        description="Ranks items with pretrained graph embeddings.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # to where a request's Host says, and a token would follow
        exception_handlers={HTTPException: no_route},
    )
    limits = service.settings.limits
    in_flight = InFlight(limits.in_flight, service.metrics)
    endpoint = Endpoint(authenticator, in_flight, limits, service.path_redactor)
    app.include_router(make_routes(service, endpoint))
    app.add_middleware(RequestMiddleware, metrics=service.metrics)
    _document_security(app)
    return app


def _background_work(service: RankingService) -> list[Coroutine[Any, Any, None]]:
    """What goes on beside the requests."""
    work = [service.circuit_breaker.watch(service.probe_store)]
    if service.settings.poll_seconds:
        work.append(service.bundle_holder.watch(service.settings.poll_seconds))
    return work


def _warm(service: RankingService) -> None:
    """Make ready what the first request would wait for."""
    try:
        service.candidate_search.warm()
    except (EmbeddingFeaturesError, OSError) as error:  # nothing there, or it cannot be written
        _LOG.warning("no recall yet", reason=str(error))
    gc.collect()
    gc.freeze()  # what is loaded stays: no later collection has to look at it


def _document_security(app: FastAPI) -> None:
    """Name the way to authenticate in ``/openapi.json``."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        schema = plain()
        schema.setdefault("components", {})["securitySchemes"] = SECURITY
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
