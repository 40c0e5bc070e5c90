"""A lock in Redis that ends by itself when its holder is killed."""

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.redis.scripts import HOLD
from embedding_features.store.online_stores.redis.server import RedisServer

_LOOK = 0.1  # seconds between looks at a lock that somebody holds


@contextmanager
def hold_lock(
    server: RedisServer, key: str, where: str, seconds: float, wait_seconds: float
) -> Iterator[str]:
    """Hold a lock, renewed until the block ends; yields the token that its holder is known by.

    Who holds it may lose it all the same, when Redis or the process stood still for longer than ``seconds``:
    what must not happen without it has to look whether Redis still has the token.

    Raises:
        StoreError: when somebody else holds it for ``wait_seconds``.
    """
    token = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
    last = time.monotonic() + wait_seconds
    while not server.run("SET", key, token, "NX", "PX", int(seconds * 1000)):
        if time.monotonic() > last:
            holder = (server.run("GET", key) or b"somebody").decode().rpartition(":")[0]
            raise StoreError(
                f"{where} is being materialized by {holder} (host:process)",
                fix=f"wait until it ends; a killed one's lock ends by itself after {seconds:g} s",
            )
        time.sleep(_LOOK)
    done = threading.Event()
    renewer = threading.Thread(target=_renew, args=(server, key, token, seconds, done), daemon=True)
    renewer.start()
    try:
        yield token
    finally:
        done.set()
        renewer.join()
        with suppress(StoreError):
            server.script(HOLD, [key], [token, 0])


def _renew(server: RedisServer, key: str, token: str, seconds: float, done: threading.Event) -> None:
    while not done.wait(seconds / 3):
        with suppress(StoreError):  # Redis may be back before the lock ends
            server.script(HOLD, [key], [token, int(seconds * 1000)])
