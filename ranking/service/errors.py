"""What a caller is told when a request fails: a status, what was wrong, and what to do; never a path."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from embedding_features.errors import CompatibilityError, DataError, EmbeddingFeaturesError
from ranking.service.answers import ErrorAnswer


class ServiceError(EmbeddingFeaturesError):
    """A failure with its HTTP status.

    Args:
        status: of the answer.
        headers: of the answer, beside the usual ones.
    """

    def __init__(self, status: int, what: str, *, fix: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what, fix=fix)
        self.status = status
        self.headers = dict(headers or {})


class StoreAway(Exception):  # noqa: N818 - not an error of the caller: who sees it goes on without the store
    """The online store gives no answer now."""


def unavailable(what: str, seconds: int = 1) -> ServiceError:
    """503: try again after some seconds."""
    return ServiceError(
        503, what, fix=f"try again in {seconds} s", headers={"Retry-After": str(max(1, seconds))}
    )


def refusal(error: EmbeddingFeaturesError) -> ServiceError:
    """What a caller is told of an error of the library.

    What breaks a rule of the data came with the request. Anything else is the server's own affair: its
    message may name files, so it is logged and not told.
    """
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, DataError | CompatibilityError):
        return ServiceError(422, error.what, fix=error.fix or "correct the value named above")
    return unavailable("this cannot be answered now")


class PathRedactor:
    """Paths that no answer may name, each with the word that stands for it.

    Args:
        places: word → path.
    """

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = dict(places)

    def __call__(self, text: str) -> str:
        """A text without them."""
        for word, path in self._places.items():
            for form in (path.resolve(), path.absolute()):
                text = text.replace(str(form), word)
        return text


def failure(
    status: int, error: str, fix: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer of a failure."""
    body = ErrorAnswer(error=error, fix=fix, request_id=request_id)
    return Response(to_json(body), status, headers, "application/json")


def what_is_wrong(error: ValidationError) -> str:
    """Where a body breaks which rule; the values themselves are not repeated, one may be a secret."""
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    # a part such as "list[constrained-int]" names a member of a union
    place = [str(part) for part in first["loc"] if "[" not in str(part) and "constrained" not in str(part)]
    if place[:1] == ["features"] and len(place) > 1:
        return f"features.{place[1]}: give finite numbers, strings, truths, null, or lists of them"
    more = f" (and {len(others)} more)" if others else ""
    return f"{'.'.join(place) or 'body'}: {first['msg']}{more}"
