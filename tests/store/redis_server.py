"""A Redis server of Debian's ``redis-server`` on a free port, for tests."""

import os
import shutil
import socket
import subprocess
import time

import pytest
import redis
from redis.connection import AbstractConnection


class RedisServer:
    """A running server with its files in ``folder``; ``settings`` are redis-server's own."""

    def __init__(self, folder, *settings):
        self.folder, self._settings = folder, settings
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    @property
    def address(self):
        """A connection string."""
        return f"127.0.0.1:{self.port}"

    def start(self):
        """Start it, with the data that its files have."""
        command = [
            _binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
            "--save", "", "--daemonize", "no", "--logfile", "redis.log", *self._settings,
        ]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                self.client().ping()
                return
            except redis.AuthenticationError:
                return
            except redis.ConnectionError:
                time.sleep(0.01)
        raise RuntimeError((self.folder / "redis.log").read_text())

    def kill(self):
        """Kill it, as a machine that loses power."""
        self._process.kill()
        self._process.wait()

    def client(self):
        """redis-py's client."""
        return redis.Redis(port=self.port)


def _binary():
    found = shutil.which("redis-server")
    if not found and os.environ.get("CI") == "true":
        pytest.fail("redis-server is not installed: apt-get install redis-server")
    if not found:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    return found


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """One server for all tests; each has its own project, and ``redis_address`` an empty database."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def redis_address(redis_server):
    """The connection string of an empty server."""
    redis_server.client().flushall()
    return redis_server.address


@pytest.fixture
def own_redis(tmp_path):
    """Starts servers that a test may kill: ``own_redis(*settings)``."""
    started = []

    def start(*settings):
        folder = tmp_path / f"redis-{len(started)}"
        folder.mkdir()
        started.append(RedisServer(folder, *settings))
        return started[-1]

    yield start
    for server in started:
        server.kill()


def _raw_bytes(command):
    return b"".join(map(bytes, [command] if isinstance(command, str | bytes) else command))


def in_process(work, sending):
    """Fork; in the child ``sending(connection, bytes, send)`` is called instead of each send to Redis."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    send = AbstractConnection.send_packed_command

    def sent(connection, command, check_health=True):
        sending(connection, _raw_bytes(command), lambda: send(connection, command, check_health))

    AbstractConnection.send_packed_command = sent
    try:
        work()
    finally:
        os._exit(0)
