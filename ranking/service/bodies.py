"""From the bytes of a body to a request: JSON in UTF-8, in which each name is there once."""

import codecs
import json
from typing import Any, TypeVar

from pydantic import ValidationError

from ranking.service.errors import ServiceError
from ranking.service.headers import FORM, compressed_body, media_type, unsupported_body
from ranking.service.requests import Request

RequestT = TypeVar("RequestT", bound=Request)
#: how compressed data begins (RFC 1952, RFC 8878)
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
#: an encoding cannot be told from fewer bytes
_TELLING = 4


def parse(body: bytes, kind: type[RequestT], content_type: str = "") -> RequestT:
    """Return the request that a body holds; a byte order mark before it is passed over (RFC 8259, 8.1).

    Args:
        body: the bytes of the body.
        kind: the request to read.
        content_type: the body's ``Content-Type``; it decides only what is said of a body that is no JSON.

    Raises:
        ValidationError: when it breaks a rule.
        ServiceError: 415 when it is no JSON in UTF-8 but something known; 422 when a name is there twice.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        request = kind.model_validate_json(text)
    except ValidationError as error:
        if error.errors(include_url=False, include_context=False)[0]["type"] == "json_invalid":
            _refuse_known_formats(body, content_type)
        raise
    _refuse_repeated_names(request, text)
    return request


def _refuse_known_formats(body: bytes, content_type: str) -> None:
    """Refuse a body that cannot be parsed by naming its format, where that can be told."""
    for magic, name in _MAGIC.items():
        if body.startswith(magic):
            raise compressed_body(name)
    encoding = json.detect_encoding(body) if len(body) >= _TELLING else "utf-8"
    if not encoding.startswith("utf-8"):
        raise unsupported_body(f"a body in {encoding[:6].upper()}")
    if media_type(content_type) == FORM and not body.lstrip().startswith((b"{", codecs.BOM_UTF8)):
        raise unsupported_body(f"a body of {FORM} that is no JSON")


def _refuse_repeated_names(request: Request, text: bytes) -> None:
    """Refuse a name that is there twice: the parser would take the last, another program the first.

    Names are sought in the text itself, and it is parsed again only where one may be there twice.
    """
    names = [*type(request).model_fields, *getattr(request, "features", ())]
    if b"\\" in text or any(text.count(b'"%b"' % name.encode()) > 1 for name in names):
        json.loads(text, object_pairs_hook=_unique_names)


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ServiceError(422, f"{name[:256]}: there is more than one", fix="give each name once")
        found[name] = value
    return found
