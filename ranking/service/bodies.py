"""From the bytes of a body to a request: JSON in UTF-8, in which each name is there once."""

import codecs
import json
from typing import Any, TypeVar

from pydantic import ValidationError

from ranking.service.errors import ServiceError
from ranking.service.headers import FORM, compressed, media_type, unsupported
from ranking.service.requests import Request

RequestT = TypeVar("RequestT", bound=Request)
#: how compressed data begins (RFC 1952, RFC 8878)
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
#: fewer bytes tell no encoding
_TELLING = 4


def parse(body: bytes, kind: type[RequestT], content_type: str = "") -> RequestT:
    """A body as the request it is; a byte order mark before it is passed over (RFC 8259, 8.1).

    Args:
        content_type: what the body is said to be.

    Raises:
        ValidationError: when it breaks a rule.
        ServiceError: 415 when it is no JSON in UTF-8 but something known; 422 when a name is there twice.
    """
    text = body.removeprefix(codecs.BOM_UTF8)
    try:
        asked = kind.model_validate_json(text)
    except ValidationError as error:
        if error.errors(include_url=False, include_context=False)[0]["type"] == "json_invalid":
            _refuse_known(body, content_type)
        raise
    _refuse_repeated(asked, text)
    return asked


def _refuse_known(body: bytes, content_type: str) -> None:
    """Say what a body is that cannot be parsed, where that can be told."""
    for magic, name in _MAGIC.items():
        if body.startswith(magic):
            raise compressed(name)
    encoding = json.detect_encoding(body) if len(body) >= _TELLING else "utf-8"
    if not encoding.startswith("utf-8"):
        raise unsupported(f"a body in {encoding[:6].upper()}")
    if media_type(content_type) == FORM and not body.lstrip().startswith((b"{", codecs.BOM_UTF8)):
        raise unsupported(f"a body of {FORM} that is no JSON")


def _refuse_repeated(asked: Request, text: bytes) -> None:
    """Refuse a name that is there twice: the parser would take the last, another program the first.

    Names are sought in the text itself, and it is parsed again only where one may be there twice.
    """
    names = [*type(asked).model_fields, *getattr(asked, "features", ())]
    if b"\\" in text or any(text.count(b'"%b"' % name.encode()) > 1 for name in names):
        json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ServiceError(422, f"{name[:256]}: there is more than one", fix="give each name once")
        found[name] = value
    return found
