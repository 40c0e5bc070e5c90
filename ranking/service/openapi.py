"""What ``/openapi.json`` says of a route: its request, its answer, and every way in which it fails."""

from typing import Any

from ranking.service.answers import ErrorAnswer
from ranking.service.requests import Request

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
_REQUEST_ID = {"X-Request-ID": {"description": "As asked with, or a new one.", "schema": {"type": "string"}}}


def documented(
    answer: Any, *failures: int, request: type[Request] | None = None, secured: bool = True
) -> dict[str, Any]:
    """Arguments of a route's decorator.

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


SECURITY = {"bearer": {"type": "http", "scheme": "bearer"}}
