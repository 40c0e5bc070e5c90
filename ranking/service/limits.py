"""What a request may take: bytes, a place among those being answered, and how much it may ask for."""

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
    """Counts the requests being answered, and lets in no more than a limit at once.

    Args:
        limit: requests at once.
        metrics: where they are counted.
    """

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit, self._metrics = limit, metrics

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count one request more as long as the context lasts.

        Raises:
            ServiceError: 503 when there are as many as may be.
        """
        if self._metrics.in_flight >= self._limit:
            raise unavailable("too many requests at once")
        self._metrics.in_flight += 1
        try:
            yield
        finally:
            self._metrics.in_flight -= 1


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request.

    Bytes are counted as they come: what ``Content-Length`` says is believed only when it says far too much.

    Raises:
        ServiceError: 413 when it has more bytes than the limit.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:19]) > SPARE * limit:
        raise _too_large(limit, closing=True)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > SPARE * limit:
            raise _too_large(limit, closing=True)
        if size <= limit:
            chunks.append(chunk)
    if size > limit:
        raise _too_large(limit, closing=False)
    return b"".join(chunks)


def _too_large(limit: int, closing: bool) -> ServiceError:
    """Return the error 413; ``closing`` where more of the body may come, which nobody will read."""
    headers = {"Connection": "close"} if closing else {}
    return ServiceError(
        413, f"the body has more than {limit} bytes", fix="ask for less at once", headers=headers
    )


def check_at_most(what: str, found: int, limit: int) -> None:
    """Check that a request asks for no more of something than one may.

    Raises:
        DataError: when it does.
    """
    if found > limit:
        raise DataError(f"{found} {what}, more than {limit}", fix=f"ask for at most {limit} at once")
