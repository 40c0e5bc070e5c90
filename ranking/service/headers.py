"""What the headers of a request must keep to: none that counts comes twice, and a body is JSON in UTF-8."""

import re
from collections.abc import Iterable
from functools import lru_cache

from starlette.datastructures import Headers

from ranking.service.errors import ServiceError

#: headers that a proxy in front and this service would read differently, were there two
_SINGLE = (b"host", b"authorization", b"content-type", b"content-length", b"expect")
#: what ``curl -d`` and others say of any text; a body that is JSON all the same is taken
FORM = "application/x-www-form-urlencoded"
_JSON = re.compile(r"application/json|text/json|application/[\w.!#$&^-]+\+json")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")


def repeated_header(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the first header that is there more than once, and must not be; None where there is none."""
    names = [name for name, _ in headers]
    return next((name.decode() for name in _SINGLE if names.count(name) > 1), None)


def check_body_headers(headers: Headers) -> None:
    """Check that a body is said to be JSON, in UTF-8 and not compressed.

    Raises:
        ServiceError: 415 where it is said to be anything else.
    """
    for name, plain in (("content-encoding", "identity"), ("transfer-encoding", "chunked")):
        codings = [one.strip() for value in headers.getlist(name) for one in value.lower().split(",")]
        coded = [one for one in codings if one not in ("", plain)]
        if coded:
            raise compressed_body(coded[0])
    wrong = _wrong_type(headers.get("content-type", "application/json"))
    if wrong:
        raise unsupported_body(wrong)


def media_type(content_type: str) -> str:
    """Return a content type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=64)
def _wrong_type(content_type: str) -> str | None:
    """What a content type says that is not JSON in UTF-8; None where it says nothing wrong."""
    kind = media_type(content_type)
    if kind and kind != FORM and not _JSON.fullmatch(kind):
        return f"a body of {kind[:64]}"
    wrong = [name for name in _CHARSET.findall(content_type) if name.lower() not in _UTF_8]
    return f"a body in {wrong[0][:64] or 'no charset'}" if wrong else None


def unsupported_body(what: str) -> ServiceError:
    """Return the error 415 of a body that is something else than JSON in UTF-8."""
    fix = "send JSON in UTF-8, with Content-Type: application/json"
    return ServiceError(415, f"{what} is not taken", fix=fix, headers={"Accept": "application/json"})


def compressed_body(coding: str) -> ServiceError:
    """Return the error 415 of a body that is compressed."""
    fix = "send it as it is, without Content-Encoding"
    what = f"a body that is coded by {coding[:64]} is not taken"
    return ServiceError(415, what, fix=fix, headers={"Accept-Encoding": "identity"})
