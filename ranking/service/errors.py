"""What a caller is told when a request fails: a status, what was wrong, and what to do; never a path."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.responses import Response
from typing_extensions import TypedDict

from embedding_features.errors import CompatibilityError, DataError, EmbeddingFeaturesError


class ErrorAnswer(TypedDict):
    """What was wrong, and what to do about it."""

    error: str
    fix: str
    request_id: str


class ServiceError(EmbeddingFeaturesError):
    """A failure with its HTTP status.

    Args:
        status: HTTP status of the answer.
        what: what was wrong, in words for the caller.
        fix: what the caller can do about it.
        headers: further headers of the answer; none by default.
    """

    def __init__(self, status: int, what: str, *, fix: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what, fix=fix)
        self.status = status
        self.headers = dict(headers or {})


class StoreUnavailable(Exception):  # noqa: N818 - no error of the caller's: one goes on without the store
    """The online store gives no answer now."""


def unavailable(what: str, seconds: int = 1) -> ServiceError:
    """Return the error 503, which asks the caller to try again after some seconds."""
    return ServiceError(
        503, what, fix=f"try again in {seconds} s", headers={"Retry-After": str(max(1, seconds))}
    )


def as_service_error(error: EmbeddingFeaturesError) -> ServiceError:
    """Return what a caller is told of an error of the library.

    What breaks a rule of the data came with the request. Anything else is the server's own affair: its
    message may name files, so the caller is not told it, and it belongs in the log.
    """
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, DataError | CompatibilityError):
        return ServiceError(422, error.what, fix=error.fix or "correct the value named above")
    return unavailable("this cannot be answered now")


def describe_invalid(error: ValidationError) -> str:
    """Return which field of a body breaks which rule.

    The values themselves are not repeated: one may be a secret.
    """
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    # an element such as "list[constrained-int]" names a member of a union
    path = [str(key) for key in first["loc"] if "[" not in str(key) and "constrained" not in str(key)]
    if path[:1] == ["features"] and len(path) > 1:
        return f"features.{path[1]}: give finite numbers, strings, truths, null, or lists of them"
    more = f" (and {len(others)} more)" if others else ""
    return f"{'.'.join(path) or 'body'}: {first['msg']}{more}"


class PathRedactor:
    """Replaces paths that no answer may name by words.

    Args:
        paths: word → the path it stands for.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)

    def __call__(self, text: str) -> str:
        """Return the text with each of the paths replaced by its word."""
        for word, path in self._paths.items():
            for form in (path.resolve(), path.absolute()):
                text = text.replace(str(form), word)
        return text


def failure_response(
    status: int, what: str, fix: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the HTTP response of a failure, an :class:`ErrorAnswer` as JSON."""
    body = ErrorAnswer(error=what, fix=fix, request_id=request_id)
    return Response(to_json(body), status, headers, "application/json")
