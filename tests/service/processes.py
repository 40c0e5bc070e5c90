"""``embedding-features serve``, a process of its own on uvicorn, and connections to it byte by byte."""

import json
import os
import select
import signal
import socket
import subprocess
import sys

import yaml

from tests.service.running import patient
from tests.service.waiting import LONGEST, until

TOKEN = "a-token-of-the-environment"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PROGRAM = "from jobs.cli import main; main()"


class Process:
    """A running command.

    Args:
        first: Python that the process runs before.
        settings: as service.yaml has them; by default tokens of the environment, and long timeouts.
    """

    def __init__(self, folder, bundle, repo, first="", **settings):
        self.log, config = folder / "log", folder / "service.yaml"
        config.write_text(yaml.safe_dump(patient({"auth": {"kind": "tokens"}} | settings)))
        arguments = ["--bundle", bundle, "--repo", repo, "--config", config, "--port", 0, "--json"]
        program = [sys.executable, "-c", f"{first}\n{PROGRAM}", "serve"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=log, text=True,
                env=os.environ | {"EMBEDDING_FEATURES_TOKENS": TOKEN},
            )  # fmt: skip
        ready, _, _ = select.select([self.process.stdout], [], [], LONGEST)
        line = self.process.stdout.readline() if ready else ""
        assert line, self.log.read_text()
        self.told = json.loads(line)
        self.url = self.told["serving"]
        self.address = ("127.0.0.1", int(self.url.rsplit(":", 1)[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def signal(self, how):
        self.process.send_signal(how)

    def stopped(self):
        """Stop it, as a machine that is busy with something else may: the system goes on to accept."""
        self.signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def code(self):
        """How it ended."""
        return self.process.wait(LONGEST)

    def events(self, name):
        """The log's lines of an event."""
        lines = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in map(json.loads, lines) if line["event"] == name]

    def until_logged(self, event):
        return until(lambda: self.events(event))

    def connect(self):
        return socket.create_connection(self.address, timeout=LONGEST)

    def exchange(self, data):
        """All that is answered to some bytes until the connection ends."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_all(connection)


def post(body, path="/rank", headers="", length=None):
    """A request as bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = len(data) if length is None else length
    sized = "" if "transfer-encoding" in headers.lower() else f"Content-Length: {size}\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{headers}{sized}\r\n"
    return head.encode() + data


def read_all(connection):
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def read_answer(connection):
    """One answer: status, headers and parsed body; the connection may go on."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        assert piece, f"the connection ended after {data!r}"
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status, headers = parsed_head(head)
    while len(body) < int(headers["content-length"]):
        piece = connection.recv(65536)
        assert piece, "the connection ended within a body"
        body += piece
    return status, headers, json.loads(body)


def parsed(data):
    """An answer in one piece."""
    head, _, body = data.partition(b"\r\n\r\n")
    return *parsed_head(head), body


def parsed_head(head):
    first, *lines = head.decode().split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    return int(first.split()[1]), {name.lower(): value for name, value in pairs}
