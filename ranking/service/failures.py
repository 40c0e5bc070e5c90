"""Failures as answers: ``{error, fix, request_id}`` and nothing else."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from ranking.service.answers import ErrorAnswer


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
