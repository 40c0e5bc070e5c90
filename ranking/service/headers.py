"""What the headers of a request must keep to: none that counts comes twice, and a body is JSON in UTF-8."""

import re
from collections.abc import Iterable
from functools import lru_cache

from starlette.datastructures import Headers

from ranking.service.errors import ServiceError

#: that a proxy in front and this service would read differently, were there two
_SINGLE = (b"host", b"authorization", b"content-type", b"content-length", b"expect")
#: what ``curl -d`` and others say of any text; a body that is JSON all the same is taken
FORM = "application/x-www-form-urlencoded"
_JSON = re.compile(r"application/json|text/json|application/[\w.!#$&^-]+\+json")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")


def repeated(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The first header that is there more than once, and must not be."""
    names = [name for name, _ in headers]
    return next((name.decode() for name in _SINGLE if names.count(name) > 1), None)


def check_media(headers: Headers) -> None:
    """See that a body is said to be JSON, in UTF-8 and not compressed.

    Raises:
        ServiceError: 415 where it is said to be anything else.
    """
    for name, plain in (("content-encoding", "identity"), ("transfer-encoding", "chunked")):
        codings = [one.strip() for value in headers.getlist(name) for one in value.lower().split(",")]
        coded = [one for one in codings if one not in ("", plain)]
        if coded:
            raise compressed(coded[0])
    wrong = _wrong_type(headers.get("content-type", "application/json"))
    if wrong:
        raise unsupported(wrong)


def media_type(value: str) -> str:
    """A content type without its parameters."""
    return value.partition(";")[0].strip().lower()


@lru_cache(maxsize=64)
def _wrong_type(value: str) -> str | None:
    kind = media_type(value)
    if kind and kind != FORM and not _JSON.fullmatch(kind):
        return f"a body of {kind[:64]}"
    wrong = [name for name in _CHARSET.findall(value) if name.lower() not in _UTF_8]
    return f"a body in {wrong[0][:64] or 'no charset'}" if wrong else None


def unsupported(what: str) -> ServiceError:
    """415: a body is something else than JSON in UTF-8."""
    fix = "send JSON in UTF-8, with Content-Type: application/json"
    return ServiceError(415, f"{what} is not taken", fix=fix, headers={"Accept": "application/json"})


def compressed(how: str) -> ServiceError:
    """415: a body is compressed."""
    fix = "send it as it is, without Content-Encoding"
    what = f"a body that is coded by {how[:64]} is not taken"
    return ServiceError(415, what, fix=fix, headers={"Accept-Encoding": "identity"})
