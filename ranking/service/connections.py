"""uvicorn's connection, which can be ended without losing a request, and answers in JSON whatever comes."""

import uuid

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ranking.service.errors import failure_response
from ranking.service.listening import is_readable

_LOG = structlog.get_logger()


class ConnectionState(ServerState):
    """Holds what the connections of a server share.

    Attributes:
        draining: whether each answer is the last of its connection.
    """

    draining = False


class Connection(HttpToolsProtocol):
    """Serves one connection.

    Attributes:
        last_data: when something last came, by the loop's clock.
        reading_headers: whether a part of a request's headers came, and not yet all.
    """

    server_state: ConnectionState
    last_data, reading_headers = 0.0, False

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self.last_data = self.loop.time()
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline_upgrade(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("this is no request of HTTP/1.1")

    def on_message_begin(self) -> None:
        """Note that headers are coming, and go on as uvicorn does."""
        self.reading_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a request, unless it has to be read again without its offer of another protocol."""
        if self.parser.get_method() == b"CONNECT":
            raise ValueError("this is no proxy")  # the parser makes a failure of it
        if self.parser.should_upgrade():
            return
        self.reading_headers, before = False, self.cycle
        super().on_headers_complete()
        if self.server_state.draining:
            if before is not None and not before.response_started:
                before.keep_alive = True  # the one that came behind it is the last
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """End a request, unless it has to be read again."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Read a request again as if it offered no other protocol, which a server may (RFC 9110, 7.8).

        The parser takes what follows the headers for the other protocol's; of Java's client, which offers
        HTTP/2, it is the body.
        """
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        request_id = uuid.uuid4().hex
        headers = {"Connection": "close", "X-Request-ID": request_id}
        fix = "send one, with headers as RFC 9112 has them"
        answer = failure_response(400, msg, fix, request_id, headers)
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % header for header in answer.raw_headers)]
        _LOG.warning("no HTTP", request_id=request_id)
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()

    def end_after_answer(self) -> None:
        """Make the answer to what was asked so far the last."""
        cycle = self.pipeline[0][0] if self.pipeline else self.cycle
        if cycle is not None:
            cycle.keep_alive = False

    def close_if_idle(self, since: float) -> None:
        """Close unless a request is coming or being answered, or something came since then or lies unread."""
        busy = self.reading_headers or (self.cycle is not None and not self.cycle.response_complete)
        if not busy and self.last_data < since and not is_readable(self._descriptor()):
            self.transport.close()

    def _descriptor(self) -> int:
        return int(self.transport.get_extra_info("socket").fileno())
