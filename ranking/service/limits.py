"""What a request may take: bytes, and a place among those being answered."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from embedding_features.errors import DataError
from ranking.service.errors import ServiceError, unavailable
from ranking.service.metrics import Metrics

#: times the limit: so much of a larger body is read and thrown away, or its sender, still sending, would find
#: the connection closed and not the answer
SPARE = 4


class InFlight:
    """Requests being answered, of which there are so many at most."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit, self._metrics = limit, metrics

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            ServiceError: 503 when none is left.
        """
        if self._metrics.in_flight >= self._limit:
            raise unavailable("too many requests at once")
        self._metrics.in_flight += 1
        try:
            yield
        finally:
            self._metrics.in_flight -= 1


async def read_body(request: Request, limit: int) -> bytes:
    """The body, counted as it comes: what ``Content-Length`` says is believed only when it says far too much.

    Raises:
        ServiceError: 413 when it is larger than the limit.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:19]) > SPARE * limit:
        raise _too_large(limit, closing=True)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > SPARE * limit:
            raise _too_large(limit, closing=True)
        if size <= limit:
            pieces.append(piece)
    if size > limit:
        raise _too_large(limit, closing=False)
    return b"".join(pieces)


def _too_large(limit: int, closing: bool) -> ServiceError:
    """Args:
    closing: whether more of the body may be on its way, which nobody will read.
    """
    headers = {"Connection": "close"} if closing else {}
    return ServiceError(
        413, f"the body has more than {limit} bytes", fix="ask for less at once", headers=headers
    )


def at_most(what: str, found: int, limit: int) -> None:
    """Raises:
    DataError: when a request asks for more than one may.
    """
    if found > limit:
        raise DataError(f"{found} {what}, more than {limit}", fix=f"ask for at most {limit} at once")
